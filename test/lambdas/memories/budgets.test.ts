import { beforeAll, describe, expect, it } from '@jest/globals';
import { GetCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { confidenceIndex } from '../../../lambdas/memories/table.ts';
import { itemBytes } from '../../../lambdas/shared/dynamodb/item-size.ts';
import { PARTITION_KEY, SORT_KEY } from '../../../lambdas/shared/schema/tables.ts';
import { intercept, isWrite } from '../../support/faults.ts';
import { createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createMemoriesFixture } from './fixture.ts';

type Row = Record<string, unknown>;
interface Spent {
  readonly command: string;
  readonly units: number;
}

const { documents: plain } = createUnrecordedRuntime();
const rowOf = async (row: Row): Promise<Row | undefined> => {
  const Key = { [PARTITION_KEY]: row[PARTITION_KEY], [SORT_KEY]: row[SORT_KEY] };
  return (await plain.send(new GetCommand({ TableName: tableName('memory'), Key, ConsistentRead: true })))
    .Item;
};
const kilobytes = (row: Row | undefined): number => (row ? Math.ceil(itemBytes(row) / 1024) : 0);
const isIndexed = (row: Row | undefined): boolean => row?.[confidenceIndex.sortKey.name] !== undefined;

/** Twice the larger of before and after for the row, once more for its index: what the emulator says is wrong. */
async function unitsOf({ TransactItems = [] }: TransactWriteCommandInput, write: () => Promise<unknown>) {
  const keys = TransactItems.map(({ Put, Update, Delete }) => Put?.Item ?? Update?.Key ?? Delete!.Key!);
  const before = await Promise.all(keys.map(rowOf));
  const answer = await write();
  const after = await Promise.all(keys.map(rowOf));
  const units = keys.reduce((sum, _, i) => {
    const size = Math.max(kilobytes(before[i]), kilobytes(after[i]));
    return sum + 2 * size + (isIndexed(before[i]) || isIndexed(after[i]) ? size : 0);
  }, 0);
  return { answer, units };
}

/** A fixture that knows what each of its calls to the table of memories consumed. */
function meteredFixture() {
  const spent: Spent[] = [];
  const documents = intercept(async (command, pass) => {
    const { input } = command as { input: Row & { TableName?: string } };
    const name = command.constructor.name.replace('Command', '');
    if (name === 'TransactWrite') {
      const { answer, units } = await unitsOf(input as unknown as TransactWriteCommandInput, () =>
        pass(command),
      );
      spent.push({ command: name, units });
      return answer;
    }
    input['ReturnConsumedCapacity'] = 'INDEXES';
    const answer = (await pass(command)) as { ConsumedCapacity?: unknown };
    const consumed = [answer.ConsumedCapacity ?? []].flat() as { TableName: string; CapacityUnits: number }[];
    for (const { TableName, CapacityUnits } of consumed)
      if (TableName === tableName('memory') || !isWrite(command))
        spent.push({ command: name, units: CapacityUnits });
    return answer;
  });
  const api = createMemoriesFixture({ documents });
  const costOf = async (run: () => Promise<unknown>): Promise<Spent[]> => {
    spent.length = 0;
    await run();
    return [...spent];
  };
  return { ...api, costOf };
}

const total = (spent: readonly Spent[], of: (command: object) => boolean): number =>
  spent
    .filter(({ command }) => of({ constructor: { name: command } }))
    .reduce((sum, { units }) => sum + units, 0);
const written = (spent: readonly Spent[]) => total(spent, isWrite);
const read = (spent: readonly Spent[]) => total(spent, (command) => !isWrite(command));

/** With keys and attributes just under 1 KB as stored. */
const oneKilobyte = (word: string): string => `${word} ${'x'.repeat(600)}`;

beforeAll(() => createTables());

describe('what memories cost', () => {
  const api = meteredFixture();
  const { costOf } = api;

  it('a new one of 1 KB 5 write units, seen again 3, changed 9; each 1 read', async () => {
    await api.save('frugal', { content: 'registers the agent' });
    const content = oneKilobyte('first');
    const saved = await costOf(() => api.save('frugal', { content }));
    expect(written(saved)).toBe(5);
    expect(read(saved)).toBeLessThanOrEqual(1);
    const seen = await costOf(() => api.save('frugal', { content }));
    expect(written(seen)).toBe(3);
    expect(read(seen)).toBeLessThanOrEqual(1);
    const { body } = await api.save('frugal', { content });
    const change = { expectedVersion: 1, content: oneKilobyte('other') };
    const changed = await costOf(() => api.update('frugal', body.memoryId, change));
    expect(written(changed)).toBe(9);
    expect(read(changed)).toBeLessThanOrEqual(1);
  });

  it('an update that keeps the content 7', async () => {
    const { body } = await api.save('frugal', { content: oneKilobyte('pinned soon') });
    const pinned = await costOf(() =>
      api.update('frugal', body.memoryId, { expectedVersion: 1, pinned: true }),
    );
    expect(written(pinned)).toBe(7);
  });

  it('a search nothing to write but what the first found; when nothing has changed 1 read unit, 1 more to know of patterns', async () => {
    for (let i = 0; i < 8; i++) await api.save('reader', { content: oneKilobyte(`note ${i}`) });
    const cold = await costOf(() => api.search('reader', { query: 'note' }));
    expect(cold.filter(({ command }) => isWrite({ constructor: { name: command } }))).toEqual([
      { command: 'Put', units: 1 },
    ]);
    // Half a unit for each type and 0.125 per KB; the feed, and once more what it says was written meanwhile.
    expect(read(cold)).toBeLessThanOrEqual(6 + 1 + 3 + 8);
    api.runtime.advance(10 * 60_000);
    await api.search('reader', { query: 'note' });
    for (let i = 0; i < 5; i++) {
      const warm = await costOf(() => api.search('reader', { query: `note ${i}` }));
      expect(written(warm)).toBe(0);
      expect(read(warm)).toBeLessThanOrEqual(2.5);
    }
  });

  it('a minute of searches one row of what they found', async () => {
    api.runtime.advance(61_000);
    const due = await costOf(() => api.search('reader', { query: 'note' }));
    expect(due.filter(({ command }) => command === 'Put')).toEqual([
      { command: 'Put', units: expect.any(Number) },
    ]);
    expect(written(due)).toBeLessThanOrEqual(3);
  });
});
