import { marshall } from '@aws-sdk/util-dynamodb';
import type { Context, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { createArchiverHandler } from '../../../lambdas/archive/archiver.lambda.ts';
import type { TableName } from '../../../lambdas/shared/schema/tables.ts';
import { createTestRuntime } from '../../support/runtime.ts';
import { MemoryBucket } from '../../support/s3.ts';
import { tableName } from '../../support/tables.ts';

export const BY_TTL = { type: 'Service', principalId: 'dynamodb.amazonaws.com' };

const context = { getRemainingTimeInMillis: () => 60_000 } as Context;

let sequence = 0;

/** The stream's record of a row that is gone. */
export const removal = (table: TableName, item: Record<string, unknown>, by: object = BY_TTL) =>
  ({
    eventName: 'REMOVE',
    eventSourceARN: `arn:aws:dynamodb:us-east-1:111122223333:table/${tableName(table)}/stream/2026-01-01T00:00:00.000`,
    dynamodb: {
      SequenceNumber: String(++sequence).padStart(21, '0'),
      OldImage: marshall(item, { removeUndefinedValues: true }),
    },
    userIdentity: by,
  }) as unknown as DynamoDBRecord;

export const sequenceOf = (record: DynamoDBRecord): string => record.dynamodb!.SequenceNumber!;

export function createArchiver(bucket = new MemoryBucket(), now = '2026-06-01T00:00:00.000Z') {
  const store = bucket.store('archiver');
  const runtime = createTestRuntime('archiver', { now });
  const handler = createArchiverHandler(
    runtime,
    {
      DECISIONS_TABLE: tableName('decisions'),
      STATE_TABLE: tableName('state'),
      SIGNALS_TABLE: tableName('signals'),
    },
    () => Promise.resolve(store),
  );
  const archive = (...records: DynamoDBRecord[]) =>
    handler({ Records: records } as DynamoDBStreamEvent, context);
  return { bucket, archive, runtime };
}
