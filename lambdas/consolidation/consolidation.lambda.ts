import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { AgentRegistry } from '../agents/agent-registry.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, type EnvironmentOf, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { consolidationRoutes } from './contract.ts';
import type { RunRecord } from './run.ts';
import { RunLedger } from './run-ledger.ts';
import { RunReports } from './run-reports.ts';
import { RunRequests } from './run-requests.ts';

const environment = { AUTH_MODE: authMode, STATE_TABLE: resourceName, PLANNER_FUNCTION_NAME: resourceName };

export function createConsolidationHandler(
  runtime: Runtime,
  env: EnvironmentOf<typeof environment>,
  lambda: Pick<LambdaClient, 'send'>,
) {
  const { clock, randomPart } = runtime;
  const tables = openTables(runtime, env);
  const ledger = new RunLedger(tables.state);
  const registry = new AgentRegistry(tables.state);
  const requests = new RunRequests({ ledger, registry, clock, randomPart });
  const reports = new RunReports(ledger, clock);
  const start = async (run: RunRecord) => {
    await lambda.send(
      new InvokeCommand({
        FunctionName: env.PLANNER_FUNCTION_NAME,
        InvocationType: 'Event',
        Payload: Buffer.from(JSON.stringify({ runId: run.runId })),
      }),
    );
    return reports.view(run);
  };
  return createHttpHandler(runtime, env.AUTH_MODE, consolidationRoutes, {
    startAgentRun: async ({ params, body }) => start(await requests.byAgent(params.agentId, body.asOf)),
    startRun: async ({ body }) => start(await requests.byOperator(body.agentId, body.asOf)),
    listRuns: ({ query }) => reports.list(query),
    getRun: ({ params, query }) => reports.get(params.runId, query),
  });
}

export const handler = createConsolidationHandler(
  createRuntime('consolidation'),
  readEnvironment(environment),
  new LambdaClient({}),
);
