import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { ErasedMarks } from '../shared/erased-marks.ts';
import { readEnvironment, resourceName } from '../shared/platform/env.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { archiveEnvironment, archiveStore } from './archive-location.ts';
import { Archive } from './archive.ts';
import { ExpiredRecords, type StreamedTables, streamTables } from './expired-records.ts';
import type { OpenStore } from './object-store.ts';

const environment = {
  DECISIONS_TABLE: resourceName,
  STATE_TABLE: resourceName,
  SIGNALS_TABLE: resourceName,
  ...archiveEnvironment,
};
export type ArchiverHandler = (
  event: DynamoDBStreamEvent,
  context: Context,
) => Promise<DynamoDBBatchResponse>;

export function createArchiverHandler(
  { documents, clock, logger, tracing }: Pick<Runtime, 'documents' | 'clock' | 'logger' | 'tracing'>,
  env: StreamedTables,
  openStore: OpenStore,
): ArchiverHandler {
  const expired = new ExpiredRecords(
    new Archive(openStore, clock),
    streamTables(env),
    new ErasedMarks(documents, env.STATE_TABLE, clock),
    clock,
  );
  return middy<DynamoDBStreamEvent, DynamoDBBatchResponse>(async (event: DynamoDBStreamEvent) => {
    const { response, archived, failures } = await expired.archive(event);
    for (const { sequenceNumber, error } of failures) logger.error('not archived', { sequenceNumber, error });
    logger.info('archived', { records: event.Records.length, archived, failed: failures.length });
    return response;
  })
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use(tracing.middlewares()) as unknown as ArchiverHandler;
}

const env = readEnvironment(environment);
export const handler = createArchiverHandler(createRuntime('archiver'), env, archiveStore(env));
