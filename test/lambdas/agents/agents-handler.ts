import type { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { createDocumentClient } from '../../../lambdas/shared/dynamodb/client.ts';
import { createAgentsHandler } from '../../../lambdas/agents/agents.lambda.ts';
import { tableName } from '../../support/tables.ts';
import { createTestRuntime, type TestRuntimeOptions } from '../../support/runtime.ts';

/** For what a test looks up or does itself: not recorded as something the function does. */
export const ownDocuments = createDocumentClient();

/** The function under test, on this file's tables: idle after 5 minutes without a heartbeat, inactive after an hour. */
export function startAgents(options: TestRuntimeOptions = {}) {
  const runtime = createTestRuntime('agents', options);
  const handler = createAgentsHandler(runtime, {
    AUTH_MODE: 'iam',
    STATE_TABLE: tableName('state'),
    HEALTH_IDLE_SECONDS: 300,
    HEALTH_INACTIVE_SECONDS: 3600,
  });
  return { runtime, handler };
}

/** The same, and what each of its commands cost in capacity units, indexes included, in order. */
export function startMeasured(options: TestRuntimeOptions = {}) {
  const spent: number[] = [];
  const documents = (real: DynamoDBDocumentClient) => {
    const send = async (command: UpdateCommand) => {
      command.input.ReturnConsumedCapacity = 'TOTAL';
      const answer = await real.send(command);
      spent.push(answer.ConsumedCapacity?.CapacityUnits ?? 0);
      return answer;
    };
    return { send } as unknown as DynamoDBDocumentClient;
  };
  return { ...startAgents({ ...options, documents }), spent };
}
