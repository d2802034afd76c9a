import type { Context, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { SessionSettings } from '../../../lambdas/sessions/settings.ts';
import { createSummariesHandler } from '../../../lambdas/sessions/summaries.lambda.ts';
import { createSweeperHandler } from '../../../lambdas/sessions/sweeper.lambda.ts';
import { messageKey } from '../../../lambdas/sessions/table.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';
import { PARTITION_KEY, SORT_KEY } from '../../../lambdas/shared/schema/tables.ts';
import { createTestRuntime, type TestRuntime, type TestRuntimeOptions } from '../../support/runtime.ts';
import { tableName } from '../../support/tables.ts';
import { environment } from './fixture.ts';

const context = (remainingMs = 300_000) =>
  ({
    functionName: 'test',
    awsRequestId: 'test',
    getRemainingTimeInMillis: () => remainingMs,
  }) as unknown as Context;

/** What the stream says of messages that were put. */
export const streamOf = (agentId: string, sessionId: string, seqs: readonly number[]) =>
  ({
    Records: seqs.map((seq) => {
      const key = messageKey(agentId, sessionId, seq);
      return {
        eventName: 'INSERT',
        dynamodb: {
          Keys: { [PARTITION_KEY]: { S: key[PARTITION_KEY] }, [SORT_KEY]: { S: key[SORT_KEY] } },
          SequenceNumber: String(seq),
        },
      };
    }),
  }) as unknown as DynamoDBStreamEvent;

/** A runtime of its own that lives at the same time as the API. */
function createRuntimeAt(
  { clock }: Pick<TestRuntime, 'clock'>,
  service: string,
  options: TestRuntimeOptions,
) {
  const runtime = createTestRuntime(service, options);
  const { documents, deadline } = runtime;
  return { ...runtime, clock, table: (name: string) => new Table(documents, name, clock, deadline) };
}

/** @param api the runtime of the API, for its clock */
export function createSummaries(
  api: Pick<TestRuntime, 'clock'>,
  { changes, ...options }: TestRuntimeOptions & { readonly changes?: Partial<SessionSettings> } = {},
) {
  const handler = createSummariesHandler(createRuntimeAt(api, 'summaries', options), environment(changes));
  return (
    agentId: string,
    sessionId: string,
    seqs: readonly number[],
    before: readonly DynamoDBRecord[] = [],
  ) => handler({ Records: [...before, ...streamOf(agentId, sessionId, seqs).Records] }, context());
}

export function createSweeper(api: Pick<TestRuntime, 'clock'>, options: TestRuntimeOptions = {}) {
  const handler = createSweeperHandler(createRuntimeAt(api, 'sweeper', options), {
    ...environment(),
    SIGNALS_TABLE: tableName('signals'),
  });
  return (remainingMs?: number) => handler({}, context(remainingMs));
}
