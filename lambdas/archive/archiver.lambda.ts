import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { ErasedMarks } from '../shared/erased-marks.ts';
import { type BackgroundHandler, createBackgroundHandler } from '../shared/platform/background-handler.ts';
import { readEnvironment } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { archiveEnvironment, archiveStore } from './archive-location.ts';
import { Archive } from './archive.ts';
import { ExpiredRecords, type StreamedTables, streamedTables, streamTables } from './expired-records.ts';
import type { OpenStore } from './object-store.ts';

export type ArchiverHandler = BackgroundHandler<DynamoDBStreamEvent, DynamoDBBatchResponse>;

export function createArchiverHandler(
  runtime: Pick<Runtime, 'documents' | 'deadline' | 'clock' | 'logger' | 'tracing'>,
  env: StreamedTables,
  openStore: OpenStore,
): ArchiverHandler {
  const { clock, logger } = runtime;
  const tables = openTables(runtime, env);
  const expired = new ExpiredRecords(
    new Archive(openStore, clock),
    streamTables(env),
    new ErasedMarks(tables.state),
    clock,
  );
  return createBackgroundHandler(runtime, async (event: DynamoDBStreamEvent) => {
    const { response, archived, failures } = await expired.archive(event);
    for (const { sequenceNumber, error } of failures) logger.error('not archived', { sequenceNumber, error });
    logger.info('archived', { records: event.Records.length, archived, failed: failures.length });
    return response;
  });
}

const env = readEnvironment({ ...streamedTables, ...archiveEnvironment });
export const handler = createArchiverHandler(createRuntime('archiver'), env, archiveStore(env));
