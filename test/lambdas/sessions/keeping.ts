import type { Context, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import type { SessionSettings } from '../../../lambdas/sessions/settings.ts';
import { createSummariesHandler } from '../../../lambdas/sessions/summaries.lambda.ts';
import { createSweeperHandler } from '../../../lambdas/sessions/sweeper.lambda.ts';
import { messageKey } from '../../../lambdas/sessions/table.ts';
import { PARTITION_KEY, SORT_KEY } from '../../../lambdas/shared/schema/tables.ts';
import { createTestRuntime, type TestRuntime, type TestRuntimeOptions } from '../../support/runtime.ts';
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

/** @param clock the clock of the test, so that it lives at the same time as the API */
export function createSummaries(
  { clock }: TestRuntime,
  { changes, ...options }: TestRuntimeOptions & { readonly changes?: Partial<SessionSettings> } = {},
) {
  const handler = createSummariesHandler(
    { ...createTestRuntime('summaries', options), clock },
    environment(changes),
  );
  return (
    agentId: string,
    sessionId: string,
    seqs: readonly number[],
    before: readonly DynamoDBRecord[] = [],
  ) => handler({ Records: [...before, ...streamOf(agentId, sessionId, seqs).Records] }, context());
}

export function createSweeper({ clock }: TestRuntime, options: TestRuntimeOptions = {}) {
  const handler = createSweeperHandler({ ...createTestRuntime('sweeper', options), clock }, environment());
  return (remainingMs?: number) => handler({}, context(remainingMs));
}
