import { beforeAll, describe, expect, it } from '@jest/globals';
import { itemBytes } from '../../../lambdas/shared/dynamodb/item-size.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createSignalsFixture, wrapClient } from './fixture.ts';

interface Measured {
  readonly command: string;
  readonly units: number;
  readonly puts: readonly Record<string, unknown>[];
}

/** A fixture that knows what its calls cost on the signals table. */
function meteredFixture() {
  const measured: Measured[] = [];
  const fixture = createSignalsFixture({
    documents: (real) =>
      wrapClient(real, async (command, send) => {
        command.input['ReturnConsumedCapacity'] = 'TOTAL';
        const answer = await send(command);
        const consumed = answer['ConsumedCapacity'] as { TableName?: string; CapacityUnits?: number };
        const transaction = command.input['TransactItems'] as { Put: { Item: never } }[] | undefined;
        if (consumed?.TableName === tableName('signals') || transaction)
          measured.push({
            command: command.constructor.name,
            units: consumed?.CapacityUnits ?? 0,
            puts: (transaction ?? []).map(({ Put }) => Put.Item),
          });
        return answer;
      }),
  });
  return { ...fixture, spent: () => measured.splice(0) };
}

const kilobytes = (item: Record<string, unknown>): number => Math.ceil(itemBytes(item) / 1024);

/** Padding that makes a delivery just under 1 KB as stored, room for its claim included. */
const oneKilobyte = { data: { text: 'x'.repeat(560) } };

beforeAll(() => createTables());

describe('what signals cost', () => {
  it('one target: publish 3, claim 2, final acknowledgement 3 write units', async () => {
    const { publish, ack, register, spent } = meteredFixture();
    await register('risk');
    const { signalId } = (await publish('hunter', { targetAgents: ['risk'], ...oneKilobyte })).body;
    expect(spent()).toMatchObject([{ command: 'PutCommand', units: 3 }]);
    const { leaseId } = (await ack('risk', signalId, { status: 'PROCESSING' })).body;
    expect(spent()).toMatchObject([{ command: 'UpdateCommand', units: 2 }]);
    await ack('risk', signalId, { status: 'PROCESSED', leaseId, note: 'done' });
    expect(spent()).toMatchObject([{ command: 'UpdateCommand', units: 3 }]);
  });

  it("a claim under the caller's own id 2, its repeat 1, more time 2, giving up 3", async () => {
    const { publish, ack, inbox, register, spent, runtime } = meteredFixture();
    await register('risk-2');
    const body = { targetAgents: ['risk-2'], maxAttempts: 1, ...oneKilobyte };
    const { signalId } = (await publish('hunter', body)).body;
    spent();
    const claim = { status: 'PROCESSING', leaseId: 'worker-7', leaseSeconds: 60 };
    await ack('risk-2', signalId, claim);
    expect(spent()).toMatchObject([{ command: 'UpdateCommand', units: 2 }]);
    await ack('risk-2', signalId, claim);
    // A refused condition: one unit, which no answer tells.
    expect(spent()).toEqual([]);
    runtime.advance(1_000);
    await ack('risk-2', signalId, { ...claim, prolong: true });
    expect(spent()).toMatchObject([{ command: 'UpdateCommand', units: 2 }]);
    runtime.advance(60_000);
    await inbox('risk-2');
    expect(spent()).toMatchObject([{ command: 'QueryCommand' }, { command: 'UpdateCommand', units: 3 }]);
  });

  it('a token costs one small read more', async () => {
    const { publish, register, spent } = meteredFixture();
    await register('risk');
    const request = { targetAgents: ['risk'], timestamp: new Date().toISOString(), clientToken: 't' };
    await publish('hunter', request);
    expect(spent().map(({ command }) => command)).toEqual(['QueryCommand', 'PutCommand']);
  });

  it.each([2, 10, 99])('%d targets: at most 4n + 2 write units', async (n) => {
    const { publish, register, spent } = meteredFixture();
    const targets = Array.from({ length: n }, (_, i) => `target-${i}`);
    await register(...targets);
    await publish('hunter', { targetAgents: targets, ...oneKilobyte });
    const [transaction, ...others] = spent();
    expect(others).toEqual([]);
    const puts = transaction!.puts;
    expect(puts).toHaveLength(n);
    const base = puts.reduce((sum, item) => sum + kilobytes(item), 0);
    const inSent = puts.filter((item) => 'sentKey' in item).length;
    // 2 × Σ⌈KB⌉ on the table; the inbox index holds the item, the sent index its keys.
    expect(2 * base + base + inSent).toBeLessThanOrEqual(4 * n + 2);
  });

  it('an inbox of ten signals of 1 KB is one query of at most 1.5 read units', async () => {
    const { publish, inbox, register, spent } = meteredFixture();
    await register('reader');
    for (let i = 0; i < 10; i++) await publish('hunter', { targetAgents: ['reader'], ...oneKilobyte });
    spent();
    const { items } = (await inbox('reader')).body;
    expect(items).toHaveLength(10);
    const [query, ...others] = spent();
    expect(others).toEqual([]);
    expect(query!.units).toBeLessThanOrEqual(1.5);
    expect(query!.units).toBeGreaterThan(0.5);
  });

  it('a page that no source crowds is one query, also where more wait; behind a flood 250 KB a query are searched', async () => {
    const { publish, inbox, register, spent } = meteredFixture();
    await register('reader-2');
    for (let i = 0; i < 16; i++)
      await publish(`source-${i % 4}`, { targetAgents: ['reader-2'], ...oneKilobyte });
    spent();
    expect((await inbox('reader-2', { maxResults: '12' })).body.items).toHaveLength(12);
    expect(spent()).toHaveLength(1);

    for (let i = 0; i < 60; i++) await publish('flood', { targetAgents: ['reader-2'], ...oneKilobyte });
    spent();
    const { items } = (await inbox('reader-2', { maxResults: '12' })).body;
    expect(new Set(items.map(({ sourceAgent }: { sourceAgent: string }) => sourceAgent)).size).toBe(5);
    const queries = spent();
    expect(queries.map(({ command }) => command)).toEqual(['QueryCommand', 'QueryCommand']);
    // 13 and 64 KB, each at half a unit for 4 KB.
    expect(queries[1]!.units).toBeLessThanOrEqual(8.5);
  });
});
