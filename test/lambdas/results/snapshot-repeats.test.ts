import { beforeAll, describe, expect, it } from '@jest/globals';
import { dyingAfter, intercept } from '../../support/faults.ts';
import { meteredTransactions } from '../../support/transaction-units.ts';
import { createTables } from '../../support/tables.ts';
import { createDesk, createPerformance, NOW, resolved } from './support.ts';

beforeAll(() => createTables());

const ask = { period: 'month', startingValue: 100, clientToken: 'März 🚀' };

describe('a snapshot with a clientToken', () => {
  const desk = createDesk();
  const create = (agentId: string, body: unknown) =>
    desk.send('createSnapshot', { params: { agentId }, body });

  it('is computed once; a repeat gets the first answer though results have come since', async () => {
    await desk.log('once', [resolved('2026-03-02T10:00:00Z', 50)]);
    const first = await create('once', ask);
    expect(first.body).toMatchObject({ finalValue: 150 });
    await desk.log('once', [resolved('2026-03-03T10:00:00Z', 7)]);
    desk.runtime.advance(86_400_000 * 40);
    const { clientToken: _, ...untold } = { ...ask, date: '2026-03-01' };
    const fresh = await create('once', untold);
    expect(fresh.body).toMatchObject({ snapshotId: first.body.snapshotId, finalValue: 157 });
    // Today lies in another month: the period of the first answer stands.
    expect(await create('once', ask)).toMatchObject({ status: 201, body: first.body });
    const { items } = await desk.ask('listSnapshots', 'once');
    expect(items).toEqual([fresh.body]);
    desk.setTime(NOW);
  });

  it('with another payload is refused', async () => {
    await create('mismatch', ask);
    for (const other of [{ startingValue: 101 }, { period: 'week' }, { deviation: 'sample' }])
      expect((await create('mismatch', { ...ask, ...other })).body.error.code).toBe('IdempotencyMismatch');
    expect((await create('another', { ...ask, startingValue: 101 })).status).toBe(201);
    expect((await create('mismatch', { ...ask, clientToken: 'other', startingValue: 101 })).status).toBe(201);
  });

  it('asked for ten times at once is one', async () => {
    const instances = Array.from({ length: 5 }, () => createPerformance());
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => {
        // Each computes at a time of its own.
        instances[i % 5]!.runtime.advance(i);
        return instances[i % 5]!.post('createSnapshot', 'crowd', ask);
      }),
    );
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    const { items } = await desk.ask('listSnapshots', 'crowd');
    expect(items).toEqual([answers[0]]);
  });

  it('costs 4 write units, and its repeat none', async () => {
    const units: number[] = [];
    const metered = createPerformance({ documents: meteredTransactions(units) });
    for (let i = 0; i < 2; i++) await metered.post('createSnapshot', 'frugal', ask);
    expect(units).toEqual([4]);
  });

  it('after a lost answer is the same', async () => {
    const dying = createPerformance({ documents: dyingAfter(1, { count: 0 }) });
    await dying.post('createSnapshot', 'lost', ask);
    desk.runtime.advance(1000);
    expect((await create('lost', ask)).body).toMatchObject({ computedAt: NOW });
    desk.setTime(NOW);
    let lost = 0;
    const flaky = createPerformance({
      retries: () => true,
      documents: intercept(async (command, pass) => {
        const answer = await pass(command);
        if (command.constructor.name === 'TransactWriteCommand' && lost++ < 2)
          throw Object.assign(new Error('lost'), { name: 'InternalServerError', $fault: 'server' });
        return answer;
      }),
    });
    expect(await flaky.post('createSnapshot', 'resent', ask)).toMatchObject({ period: 'month' });
  });
});
