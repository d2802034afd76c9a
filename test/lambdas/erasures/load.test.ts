import { beforeAll, describe, expect, it } from '@jest/globals';
import { ErasureLedger } from '../../../lambdas/erasures/erasure-ledger.ts';
import { WRITE_UNITS_PER_SECOND, WritePace } from '../../../lambdas/erasures/write-pace.ts';
import { itemBytes } from '../../../lambdas/shared/dynamodb/item-size.ts';
import { type Removal, RemovableRows } from '../../../lambdas/shared/dynamodb/removable-rows.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';
import { randomPart } from '../../../lambdas/shared/platform/ids.ts';
import { intercept } from '../../support/faults.ts';
import { createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createErasurePipeline, NOW } from './erasure-pipeline.ts';

beforeAll(() => createTables());

const data = createUnrecordedRuntime({ now: NOW });
const state = new Table(data.documents, tableName('state'), data.clock);

/** So many messages of a session, each of so many characters. */
async function storeMessages(agentId: string, count: number, characters: number) {
  const messages = Array.from({ length: count }, (_, i) => ({
    PK: `session:${agentId}#talk`,
    SK: `MSG#${String(i).padStart(4, '0')}`,
    content: 'x'.repeat(characters),
  }));
  for (const message of messages) await state.put(message);
  return messages;
}

describe('the write pace', () => {
  /** Time passes only while it sleeps, and while a test says so. */
  const paced = () => {
    const clock = { now: 1_000, slept: [] as number[] };
    const pace = new WritePace(
      () => clock.now,
      async (milliseconds) => {
        clock.slept.push(milliseconds);
        clock.now += milliseconds;
      },
    );
    return { clock, pace };
  };

  it('waits after each batch for the time that its units are worth', async () => {
    const { clock, pace } = paced();
    await pace.spend(WRITE_UNITS_PER_SECOND);
    await pace.spend(WRITE_UNITS_PER_SECOND / 10);
    expect(clock.slept).toEqual([1_000, 100]);
  });

  it('counts time that writing took, and saves none up', async () => {
    const { clock, pace } = paced();
    await pace.spend(0);
    clock.now += 60_000;
    await pace.spend(WRITE_UNITS_PER_SECOND);
    expect(clock.slept).toEqual([1_000]);
  });
});

describe('rows that are too large for one transaction', () => {
  it('go in several, each of at most 99 actions and 3 MB', async () => {
    const messages = await storeMessages('large', 20, 390_000);
    const rows = new RemovableRows(state, 'state');
    const ledger = new ErasureLedger(state);
    const { erasureId } = await ledger.create({ agentId: 'large' }, randomPart);
    const sizes = new Map(messages.map((message) => [message.SK, itemBytes(message)]));
    const removals: Removal[] = [];
    for await (const removal of rows.existing([...messages, { PK: 'session:large#talk', SK: 'MSG#none' }])) {
      const removed = removal.actions.map(({ Delete }) => sizes.get(String(Delete!.Key!['SK']))!);
      expect(removed.length).toBeLessThanOrEqual(99);
      expect(removed.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(3 * 1024 * 1024);
      expect(await ledger.remove(erasureId, removal)).toBe(true);
      removals.push(removal);
    }
    expect(removals.map((removal) => removal.rows)).toEqual([8, 8, 4]);
    expect(await ledger.get(erasureId)).toMatchObject({ removed: { state: 20 } });
  });

  it('are read from a partition in pages of a megabyte, also when they have expired', async () => {
    const messages = await storeMessages('paged', 12, 300_000);
    await state.put({ ...messages[0]!, ttl: 1 });
    const removals: Removal[] = [];
    for await (const removal of new RemovableRows(state, 'state').ofPartition('session:paged#talk', 'MSG#'))
      removals.push(removal);
    expect(removals.reduce((sum, { rows }) => sum + rows, 0)).toBe(12);
    expect(Math.max(...removals.map(({ rows }) => rows))).toBeLessThanOrEqual(4);
  });
});

describe('an erasure under load', () => {
  const talker = async (agentId: string) => {
    await storeMessages(agentId, 150, 100);
    await state.put({ PK: `agent:${agentId}`, SK: 'SESSION#2026-03-01T00:00:00.000Z#talk' });
  };

  it('spends the units of each batch at the write pace', async () => {
    await talker('paced');
    const spent: number[] = [];
    const pace = new WritePace(
      () => 0,
      async (milliseconds) => void spent.push(milliseconds),
    );
    const erasures = createErasurePipeline({ pace });
    expect(await erasures.erase({ agentId: 'paced' })).toMatchObject({
      status: 'SUCCEEDED',
      removed: { state: 151 },
    });
    // Two pages of messages and the row that lists the session, each with the units of its transaction.
    expect(spent.length).toBeGreaterThanOrEqual(3);
    expect(spent.every((milliseconds) => milliseconds > 0)).toBe(true);
  });

  it('waits while DynamoDB is throttled, and then goes on with what is left', async () => {
    await talker('throttled');
    let refusals = 3;
    let transactions = 0;
    const erasures = createErasurePipeline({
      documents: intercept(async (command, pass) => {
        const isTransaction = command.constructor.name === 'TransactWriteCommand';
        if (isTransaction && ++transactions > 1 && refusals-- > 0)
          throw Object.assign(new Error('slow down'), { name: 'ThrottlingException', $fault: 'client' });
        return pass(command);
      }),
    });
    expect(await erasures.erase({ agentId: 'throttled' })).toMatchObject({
      status: 'SUCCEEDED',
      removed: { state: 151 },
      invocations: 1,
    });
    expect(erasures.waits.slice(0, 3)).toEqual([30_000, 30_000, 30_000]);
  });
});
