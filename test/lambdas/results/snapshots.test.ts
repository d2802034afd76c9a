import { beforeAll, describe, expect, it } from '@jest/globals';
import { createTables } from '../../support/tables.ts';
import { createDesk, resolved } from './support.ts';

beforeAll(() => createTables());

describe('a snapshot', () => {
  const desk = createDesk('2026-03-04T12:00:00.000Z');
  const agentId = 'investor';
  const closedAt = (exitTime: string, pnl: number) => ({
    metrics: {},
    trade: { symbol: 'BTC', side: 'long', exitTime, pnl },
  });
  const create = (body: Record<string, unknown>) => desk.post('createSnapshot', agentId, body);

  beforeAll(async () => {
    await desk.log(agentId, [
      resolved('2026-01-31T10:00:00Z', 50),
      // held over the end of the month
      resolved('2026-01-31T20:00:00Z', 10, { outcome: closedAt('2026-02-02T10:00:00Z', 10) }),
      resolved('2026-02-03T10:00:00Z', -11, { outcome: closedAt('2026-02-03T12:00:00Z', -11) }),
      resolved('2026-02-04T10:00:00Z', 9.9, { outcome: closedAt('2026-02-04T12:00:00Z', 9.9) }),
      resolved('2026-02-05T10:00:00Z', 99, { outcome: { status: 'voided' } }),
      resolved('2026-02-06T10:00:00Z', 1, { outcome: { metrics: {} } }),
      resolved('2026-03-03T10:00:00Z', 7),
    ]);
  });

  it('holds what closed in its period, whenever it was decided, with its definitions', async () => {
    const snapshot = await create({ period: 'month', date: '2026-02-17', startingValue: 100 });
    expect(snapshot).toMatchObject({
      agentId,
      period: 'month',
      from: '2026-02-01',
      to: '2026-02-28',
      complete: true,
      days: 28,
      openingValue: 100,
      trades: 3,
      closed: 4,
      wins: 3,
      winRate: 0.75,
      uncountedDays: 0,
      definitions: {
        startingValue: 100,
        returnBasis: 'compounding',
        annualization: 365,
        deviation: 'sample',
        riskFreeRate: 0,
        since: '2026-02-01',
      },
    });
    expect(snapshot.finalValue).toBeCloseTo(108.9, 9);
    expect(snapshot.totalReturn).toBeCloseTo(0.089, 9);
    expect(snapshot.annualizedReturn).toBeCloseTo(1.089 ** (365 / 28) - 1, 9);
    expect(snapshot.maxDrawdown).toBeCloseTo(11, 9);
    expect(snapshot.maxDrawdownPct).toBeCloseTo(0.1, 9);
    expect(snapshot.profitFactor).toBeCloseTo(19.9 / 11, 9);
    expect(snapshot.expectancy).toBeCloseTo(8.9 / 3, 9);
    // returns of +10 %, −10 % and +10 %, and 25 days of nothing
    const mean = 0.1 / 28;
    const deviation = Math.sqrt((3 * 0.01 - 28 * mean ** 2) / 27);
    expect(snapshot.sharpe).toBeCloseTo((mean / deviation) * Math.sqrt(365), 6);
    expect(snapshot.sortino).toBeCloseTo((mean / Math.sqrt(0.01 / 28)) * Math.sqrt(365), 6);
  });

  it('carries a value on from where it began', async () => {
    const march = await create({ period: 'month', since: '2026-01-01', startingValue: 100 });
    expect(march).toMatchObject({ from: '2026-03-01', complete: false, days: 4 });
    expect(march.openingValue).toBeCloseTo(158.9, 9);
    expect(march.finalValue).toBeCloseTo(165.9, 9);
    const week = await create({ period: 'week', date: '2026-02-01' });
    expect(week).toMatchObject({
      from: '2026-01-26',
      to: '2026-02-01',
      openingValue: 10_000,
      finalValue: 10_050,
    });
    expect(await create({ period: 'day', date: '2026-02-20' })).toMatchObject({
      trades: 0,
      winRate: null,
      winRateInterval: null,
      profitFactor: null,
      expectancy: null,
      totalReturn: 0,
      sharpe: null,
      sortino: null,
      calmar: null,
      maxDrawdown: 0,
    });
  });

  it('is computed anew from results, and replaces itself', async () => {
    const request = { period: 'quarter', date: '2026-01-01', annualization: 252 };
    const before = await create(request);
    await desk.log(agentId, [resolved('2026-03-04T11:00:00Z', 1000)]);
    const now = await create(request);
    expect(now.snapshotId).toBe(before.snapshotId);
    expect(now.finalValue).toBeCloseTo(before.finalValue + 1000, 6);
    expect(now.days).toBe(45);
    const { items } = await desk.ask('listSnapshots', agentId, { period: 'quarter' });
    expect(items).toEqual([now]);
  });

  it('is the same from rollups as from decisions', async () => {
    const request = { period: 'month', date: '2026-02-17', startingValue: 100 };
    const before = await create(request);
    desk.setTime('2026-03-05T02:00:00.000Z');
    await desk.night(agentId);
    const { computedAt: _, ...after } = await create(request);
    expect(before).toMatchObject(after);
  });

  it('is listed with others, those of the latest periods first, page by page', async () => {
    const pages: string[] = [];
    let nextToken: string | null = null;
    do {
      const page = await desk.ask('listSnapshots', agentId, {
        maxResults: '2',
        ...(nextToken && { nextToken }),
      });
      pages.push(
        ...page.items.map(({ from, period }: { from: string; period: string }) => `${from} ${period}`),
      );
      nextToken = page.nextToken;
    } while (nextToken);
    expect(pages).toEqual([
      '2026-03-01 month',
      '2026-02-20 day',
      '2026-02-01 month',
      '2026-01-26 week',
      '2026-01-01 quarter',
    ]);
    const months = await desk.ask('listSnapshots', agentId, { period: 'month', maxResults: '1' });
    expect(months.items).toMatchObject([{ from: '2026-03-01' }]);
    const rest = await desk.ask('listSnapshots', agentId, { period: 'month', nextToken: months.nextToken });
    expect(rest).toMatchObject({ items: [{ from: '2026-02-01' }], nextToken: null });
    expect(
      (await desk.ask('listSnapshots', agentId, { nextToken: months.nextToken })).error.issues,
    ).toMatchObject([{ path: 'nextToken' }]);
    expect(await desk.ask('listSnapshots', 'nobody')).toEqual({ items: [], nextToken: null });
  });

  it('of a time that is not there is refused', async () => {
    const refused = async (body: Record<string, unknown>) => (await create(body)).error.issues[0].path;
    expect(await refused({ period: 'day', date: '2026-03-09' })).toBe('date');
    expect(await refused({ period: 'day', date: '2026-02-30' })).toBe('date');
    expect(await refused({ period: 'month', date: '2026-02-01', since: '2026-02-02' })).toBe('since');
    expect(await refused({ period: 'year' })).toBe('period');
    expect(await refused({ period: 'day', startingValue: 0 })).toBe('startingValue');
    expect(await refused({ period: 'day', annualization: 360 })).toBe('annualization');
  });
});
