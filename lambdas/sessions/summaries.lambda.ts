import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { AgentRegistry } from '../agents/agent-registry.ts';
import { type BackgroundHandler, createBackgroundHandler } from '../shared/platform/background-handler.ts';
import { type EnvironmentOf, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { answerOf } from '../shared/platform/stream-batch.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { createSummarizer } from './summary/model-access.ts';
import { RollingSummary } from './summary/rolling-summary.ts';
import { SessionReader } from './session-reader.ts';
import { sessionSettings } from './settings.ts';
import { seqOf, sessionOfPartition } from './table.ts';

const environment = { STATE_TABLE: resourceName, SESSION_SETTINGS: sessionSettings };
export type SummariesEnvironment = EnvironmentOf<typeof environment>;

export type SummariesHandler = BackgroundHandler<DynamoDBStreamEvent, DynamoDBBatchResponse>;

interface Appended {
  readonly agentId: string;
  readonly sessionId: string;
  readonly oldestSeq: number;
  readonly newestSeq: number;
  /** Position of its first record in the batch, in the stream. */
  readonly sequenceNumber: string;
}

/** The messages of a batch by their session. */
function appendedIn(records: readonly DynamoDBRecord[]): Appended[] {
  const bySession = new Map<string, Appended>();
  for (const { dynamodb } of records) {
    const partition = dynamodb?.Keys?.[PARTITION_KEY]?.S ?? '';
    const session = sessionOfPartition(partition);
    const seq = seqOf(dynamodb?.Keys?.[SORT_KEY]?.S ?? '');
    if (!session || seq === undefined) continue;
    const known = bySession.get(partition);
    bySession.set(partition, {
      ...session,
      oldestSeq: Math.min(seq, known?.oldestSeq ?? seq),
      newestSeq: Math.max(seq, known?.newestSeq ?? seq),
      sequenceNumber: known?.sequenceNumber ?? dynamodb?.SequenceNumber ?? '',
    });
  }
  return [...bySession.values()];
}

/**
 * The state table's stream → the running summaries. At least once, and in the order of a session; a repeated message
 * finds its summary made. The batch comes again from the first session that failed, and only the rest is worked on then.
 */
export function createSummariesHandler(
  runtime: Omit<Runtime, 'randomPart' | 'metrics'>,
  env: SummariesEnvironment,
): SummariesHandler {
  const { logger } = runtime;
  const { state } = openTables(runtime, env);
  const { hotWindow, summaryEvery } = env.SESSION_SETTINGS;
  const summaries = new RollingSummary({
    table: state,
    reader: new SessionReader(state, hotWindow),
    summarizer: createSummarizer(runtime, state, new AgentRegistry(state), env.SESSION_SETTINGS),
    hotWindow,
    summaryEvery,
  });
  return createBackgroundHandler(runtime, async (event: DynamoDBStreamEvent) => {
    const due = appendedIn(event.Records).filter(({ newestSeq, oldestSeq }) =>
      summaries.isDue(newestSeq, oldestSeq),
    );
    const failed: string[] = [];
    let made = 0;
    for (const { agentId, sessionId, newestSeq, sequenceNumber } of due)
      try {
        if ((await summaries.bringUpTo(agentId, sessionId, newestSeq)) !== undefined) made += 1;
      } catch (error) {
        logger.error('not summarized', { agentId, sessionId, error: error as Error });
        failed.push(sequenceNumber);
      }
    logger.info('summarized', { records: event.Records.length, sessions: due.length, made });
    // Sessions stand in the order of their first records, so the first failure has the lowest sequence number.
    return answerOf(event, {
      batchItemFailures: failed.slice(0, 1).map((itemIdentifier) => ({ itemIdentifier })),
    });
  });
}

export const handler = createSummariesHandler(createRuntime('summaries'), readEnvironment(environment));
