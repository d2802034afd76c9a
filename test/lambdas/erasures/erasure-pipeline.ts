import type { LambdaClient } from '@aws-sdk/client-lambda';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { Context } from 'aws-lambda';
import { gunzipSync } from 'node:zlib';
import { createErasureWorkerHandler } from '../../../lambdas/erasures/erasure-worker.lambda.ts';
import { erasureRoutes } from '../../../lambdas/erasures/contract.ts';
import type { WritePace } from '../../../lambdas/erasures/write-pace.ts';
import { createErasuresHandler } from '../../../lambdas/erasures/erasures.lambda.ts';
import { type TableName, tables } from '../../../lambdas/shared/schema/tables.ts';
import { call, type CallInput } from '../../support/api.ts';
import { record } from '../../support/recordings.ts';
import { createTestRuntime, type TestRuntimeOptions } from '../../support/runtime.ts';
import { MemoryBucket } from '../../support/s3.ts';
import { tableName } from '../../support/tables.ts';

export const NOW = '2026-03-01T12:00:00.000Z';

export const tableNames = () => ({
  DECISIONS_TABLE: tableName('decisions'),
  MEMORY_TABLE: tableName('memory'),
  STATE_TABLE: tableName('state'),
  SIGNALS_TABLE: tableName('signals'),
});

/** Collects whom it is asked to invoke. */
function fakeLambda(service: string) {
  const invoked: unknown[] = [];
  const send = async ({ input }: { input: { Payload: Uint8Array } }) => {
    record({ kind: 'command', service, action: 'Invoke', resource: 'eraser' });
    invoked.push(JSON.parse(Buffer.from(input.Payload).toString()));
    return {};
  };
  return { client: { send } as unknown as LambdaClient, invoked };
}

export interface ErasurePipelineOptions {
  readonly bucket?: MemoryBucket;
  readonly documents?: TestRuntimeOptions['documents'];
  /** Left of the first invocations; the others have a quarter of an hour. */
  readonly remainingMs?: readonly number[];
  /** What happens while it waits. */
  readonly meanwhile?: () => Promise<void>;
  readonly pace?: WritePace;
}

/** API and worker, wired as they are deployed. */
export function createErasurePipeline({
  bucket = new MemoryBucket(),
  documents,
  remainingMs = [],
  meanwhile = () => Promise.resolve(),
  pace,
}: ErasurePipelineOptions = {}) {
  const started = fakeLambda('erasures');
  const again = fakeLambda('eraser');
  const runtime = createTestRuntime('erasures', { now: NOW });
  const api = createErasuresHandler(
    runtime,
    { AUTH_MODE: 'iam', ...tableNames(), ERASER_FUNCTION_NAME: 'eraser', LOG_RETENTION_DAYS: 30 },
    started.client,
  );
  const store = bucket.store('eraser');
  const workerRuntime = createTestRuntime('eraser', { now: NOW, documents });
  const waits: number[] = [];
  const worker = createErasureWorkerHandler(
    workerRuntime,
    tableNames(),
    () => Promise.resolve(store),
    again.client,
    async (milliseconds) => {
      await meanwhile();
      waits.push(milliseconds);
      workerRuntime.advance(milliseconds);
    },
    pace,
  );
  const left = [...remainingMs];
  const nextContext = (): Context => {
    const remaining = left.shift() ?? 900_000;
    return { functionName: 'eraser', getRemainingTimeInMillis: () => remaining } as unknown as Context;
  };
  const on =
    (route: keyof typeof erasureRoutes) =>
    (input: CallInput = {}) =>
      call(api, erasureRoutes[route], input);
  const get = (erasureId: string) => on('getErasure')({ params: { erasureId } });
  const work = async (event: unknown): Promise<number> => {
    await worker(event, nextContext());
    let invocations = 1;
    for (; again.invoked.length > 0; invocations++) await worker(again.invoked.shift(), nextContext());
    return invocations;
  };
  return {
    bucket,
    runtime,
    /** How long it waited, each time, in milliseconds. */
    waits,
    start: on('startErasure'),
    get,
    work,
    /** Asks for it, works it off, and reads it back. */
    async erase(body: object) {
      const { body: asked } = await on('startErasure')({ body });
      const invocations = await work(started.invoked.pop());
      return { ...(await get(asked.erasureId)).body, invocations };
    },
  };
}

const scanner = DynamoDBDocumentClient.from(new DynamoDBClient({}), {
  unmarshallOptions: { wrapNumbers: Number },
});

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (part instanceof Set ? [...part].sort() : part));

/** Every row of every table and every line of the archive, as text: `{table} {row}`. */
export async function everything(bucket: MemoryBucket): Promise<string[]> {
  const found: string[] = [];
  for (const table of Object.keys(tables) as TableName[]) {
    let start: Record<string, unknown> | undefined;
    do {
      const page = await scanner.send(
        new ScanCommand({ TableName: tableName(table), ConsistentRead: true, ExclusiveStartKey: start }),
      );
      for (const item of page.Items ?? []) found.push(`${table} ${textOf(item)}`);
      start = page.LastEvaluatedKey;
    } while (start);
  }
  for (const [key, body] of bucket.objects)
    for (const line of body.length === 0 ? [''] : gunzipSync(body).toString('utf8').trimEnd().split('\n'))
      found.push(`archive ${key} ${line}`);
  return found.sort();
}

/** What rows are: their table, and how their keys begin. */
export const kindsOf = (rows: readonly string[]): string[] =>
  [
    ...new Set(
      rows.map((row) => {
        const end = row.indexOf(' ');
        const [table, rest] = [row.slice(0, end), row.slice(end + 1)];
        if (table === 'archive') return `archive ${rest.slice(0, rest.indexOf('/agent='))}`;
        const { PK, SK } = JSON.parse(rest) as { PK: string; SK: string };
        return `${table} ${PK.split(/[:#]/)[0]} ${SK.split(/[#-]/)[0]!.replace(/^\d.*/, 'time')}`;
      }),
    ),
  ].sort();
