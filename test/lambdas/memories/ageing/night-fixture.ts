import { BatchWriteCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { Archive } from '../../../../lambdas/archive/archive.ts';
import type { ArchivedRecord } from '../../../../lambdas/shared/archive-record.ts';
import type { ObjectStore } from '../../../../lambdas/archive/object-store.ts';
import { ErasedMarks } from '../../../../lambdas/shared/erased-marks.ts';
import { AccessCounts } from '../../../../lambdas/memories/access-counts.ts';
import { AgentAgeing } from '../../../../lambdas/memories/ageing/agent-ageing.ts';
import { AgeingWrites } from '../../../../lambdas/memories/ageing/ageing-writes.ts';
import { MemoryFeed } from '../../../../lambdas/memories/memory-feed.ts';
import { MemoryRecords } from '../../../../lambdas/memories/memory-records.ts';
import { SHARED_MEMORIES } from '../../../../lambdas/memories/memory-sharing.ts';
import { Sharing } from '../../../../lambdas/sharing/sharing.ts';
import { type MemoryBucket } from '../../../support/s3.ts';
import {
  createTestRuntime,
  createUnrecordedRuntime,
  type TestRuntimeOptions,
} from '../../../support/runtime.ts';
import { tableName } from '../../../support/tables.ts';
import { settings } from './memory-generator.ts';
import { Table } from '../../../../lambdas/shared/dynamodb/table.ts';

type Item = Record<string, unknown>;

/** Ageing as the worker has it, but for the size of its transactions. */
export function createAgeing(
  now: string,
  openStore: () => Promise<ObjectStore>,
  documents?: TestRuntimeOptions['documents'],
) {
  const runtime = createTestRuntime('worker', { now, documents });
  const table = tableName('memory');
  const erased = new ErasedMarks(new Table(runtime.documents, tableName('state'), runtime.clock));
  return new AgentAgeing(
    {
      records: new MemoryRecords(new Table(runtime.documents, table)),
      writes: new AgeingWrites(new Table(runtime.documents, table)),
      archive: new Archive(openStore, runtime.clock),
      feed: new MemoryFeed(new Table(runtime.documents, table, runtime.clock), runtime.randomPart),
      accesses: new AccessCounts(
        new Table(runtime.documents, table, runtime.clock),
        runtime.randomPart,
        erased,
      ),
      sharing: new Sharing(new Table(runtime.documents, table, runtime.clock), SHARED_MEMORIES),
    },
    settings,
    6,
  );
}

const { unrecorded: documents, clock } = createUnrecordedRuntime();

/** Every row of the memory table. */
export async function allRows(): Promise<Item[]> {
  const { Items } = await documents.send(
    new ScanCommand({ TableName: tableName('memory'), ConsistentRead: true }),
  );
  return (Items ?? []).sort((a, b) => (`${a['PK']} ${a['SK']}` < `${b['PK']} ${b['SK']}` ? -1 : 1));
}

/** Makes the memory table hold these rows and no others; writes only what differs. */
export async function restoreRows(rows: readonly Item[]): Promise<void> {
  const keyOf = ({ PK, SK }: Item): string => `${String(PK)} ${String(SK)}`;
  const present = new Map((await allRows()).map((row) => [keyOf(row), row]));
  const wanted = new Set(rows.map(keyOf));
  const requests = [
    ...[...present.values()]
      .filter((row) => !wanted.has(keyOf(row)))
      .map(({ PK, SK }) => ({ DeleteRequest: { Key: { PK, SK } } })),
    ...rows
      .filter((row) => JSON.stringify(row) !== JSON.stringify(present.get(keyOf(row))))
      .map((Item) => ({ PutRequest: { Item } })),
  ];
  await write(requests);
}

/** Puts rows beside those that are there. */
export const addRows = (rows: readonly Item[]): Promise<void> =>
  write(rows.map((Item) => ({ PutRequest: { Item } })));

/** Every row that names the agent. */
export const rowsOf = async (agentId: string): Promise<Item[]> =>
  (await allRows()).filter((row) => JSON.stringify(row).includes(agentId));

async function write(requests: readonly object[]): Promise<void> {
  for (let start = 0; start < requests.length; start += 25)
    await documents.send(
      new BatchWriteCommand({ RequestItems: { [tableName('memory')]: requests.slice(start, start + 25) } }),
    );
}

/** What the archive holds of an agent's memories. */
export async function archivedIn(bucket: MemoryBucket, agentId: string): Promise<ArchivedRecord[]> {
  const store = bucket.store();
  const archive = new Archive(async () => store, clock);
  const found: ArchivedRecord[] = [];
  let after: string | undefined;
  do {
    const page = await archive.read({ table: 'memory', agentId }, 100, after);
    found.push(...page.records);
    after = page.last;
  } while (after !== undefined);
  return found;
}

/** A store of a process that dies when its k-th write has gone through; it counts with the table's writes. */
export const dyingStore = (real: ObjectStore, k: number, writes: { count: number }): ObjectStore => ({
  get: (key) => real.get(key),
  list: (prefix) => real.list(prefix),
  folders: (prefix) => real.folders(prefix),
  remove: (keys) => real.remove(keys),
  put: async (key, body) => {
    if (writes.count >= k) throw new Error('killed');
    await real.put(key, body);
    if (++writes.count >= k) throw new Error('killed');
  },
});
