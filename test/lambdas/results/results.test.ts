import { beforeAll, describe, expect, it } from '@jest/globals';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import { WindowCases } from '../../../lambdas/cases/window-cases.ts';
import { DecisionWindow } from '../../../lambdas/decisions/decision-window.ts';
import { DayResults } from '../../../lambdas/results/day-results.ts';
import { ResultsReport } from '../../../lambdas/results/results-report.ts';
import type { ResultReader } from '../../../lambdas/results/result-reader.ts';
import { SeenSignals } from '../../../lambdas/signals/seen-signals.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createDesk, resolved } from './support.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

beforeAll(() => createTables());

const trade = (symbol: string, pnl: number) => ({ trade: { symbol, side: 'long', pnl }, metrics: {} });

describe('the performance of an agent', () => {
  const desk = createDesk();
  const agentId = 'hunter';
  const performance = (query?: Record<string, string>) => desk.ask('getPerformance', agentId, query);

  beforeAll(async () => {
    await desk.log(agentId, [
      resolved('2026-03-01T10:00:00Z', 10, {
        outcome: { ...trade('BTC', 10), provider: 'a', regime: 'bull' },
      }),
      resolved('2026-03-01T11:00:00Z', -4, {
        outcome: { ...trade('BTC', -4), provider: 'b', regime: 'bull' },
      }),
      resolved('2026-03-02T10:00:00Z', 6, { outcome: { ...trade('ETH', 6), provider: 'a', regime: 'bear' } }),
      resolved('2026-03-03T10:00:00Z', 2, {
        context: { rsi: 1 },
        outcome: { ...trade('ETH', 2), provider: 'a' },
      }),
      { decisionType: 'TRADE_EXECUTION', timestamp: '2026-03-03T11:00:00Z', context: { rsi: 2 } },
      resolved('2026-03-04T10:00:00Z', -2, { decisionType: 'HEDGE', outcome: { provider: 'b' } }),
      resolved('2026-03-04T10:30:00Z', 0, { outcome: { status: 'voided' } }),
      resolved('2026-03-04T11:00:00Z', 0, {
        outcome: {
          status: 'success',
          metrics: {},
          trade: { symbol: 'BTC', side: 'short', entryPrice: 100, size: 1 },
        },
      }),
    ]);
  });

  const expectTotals = async () => {
    const { totals, from, to, uncountedDays } = await performance({ windowDays: '10' });
    expect({ from, to, uncountedDays }).toEqual({ from: '2026-02-23', to: '2026-03-04', uncountedDays: 0 });
    expect(totals).toMatchObject({ n: 5, successes: 3, rate: 0.6, voided: 1, open: 1, pending: 1 });
    expect(totals.interval[0]).toBeCloseTo(0.2307, 4);
    expect(totals.interval[1]).toBeCloseTo(0.8824, 4);
    expect(totals.pnl).toMatchObject({
      n: 5,
      total: 12,
      median: 2,
      best: 10,
      worst: -4,
      profitFactor: 3,
      averageGain: 6,
      averageLoss: 3,
    });
    expect(totals.pnl.mean).toBeCloseTo(2.4, 12);
    // of 10, -4, 6, 2, -2: squares of the differences from 2.4 add up to 131.2
    expect(totals.pnl.deviation).toBeCloseTo(Math.sqrt(131.2 / 4), 12);
    expect(totals.pnl.expectancy).toBeCloseTo((3 / 5) * 6 - (2 / 5) * 3, 12);
    expect(totals.pnl.expectancyRatio).toBeCloseTo(0.8, 12);
    expect(totals.streaks).toEqual({
      longestWon: 2,
      longestLost: 1,
      current: { status: 'failure', length: 1 },
    });
  };

  const expectGroups = async () => {
    const { items } = await performance({ groupBy: 'provider' });
    expect(items).toMatchObject([
      { group: [{ by: 'provider', op: 'eq', value: 'a' }], n: 3, pnl: { total: 18 }, contribution: 1.5 },
      { group: [{ by: 'provider', op: 'eq', value: 'b' }], n: 2, pnl: { total: -6 }, contribution: -0.5 },
      {
        group: [{ by: 'provider', op: 'absent' }],
        ...{ n: 0, open: 1, voided: 1, pending: 1, rate: null, pnl: null, contribution: null },
      },
    ]);
    const pair = await performance({ groupBy: 'regime,provider' });
    expect(pair.items).toContainEqual(
      expect.objectContaining({
        group: [
          { by: 'regime', op: 'eq', value: 'bull' },
          { by: 'provider', op: 'eq', value: 'b' },
        ],
        n: 1,
      }),
    );
    const bySymbol = await performance({ groupBy: 'symbol' });
    expect(bySymbol.items.map((item: { group: unknown[]; n: number }) => [item.group[0], item.n])).toEqual([
      [{ by: 'symbol', op: 'eq', value: 'BTC' }, 2],
      [{ by: 'symbol', op: 'eq', value: 'ETH' }, 2],
      [{ by: 'symbol', op: 'absent' }, 1],
    ]);
  };

  it('is known the moment it is posted: n, rate, interval, what was earned, streaks', async () => {
    await expectTotals();
    await expectGroups();
  });

  it('is the same after the night has rolled it up, and after another', async () => {
    desk.setTime('2026-03-04T23:00:00Z');
    const run = await desk.night(agentId);
    expect(run.report.agents[0].report.rolledUpDays).toBe(3);
    await expectTotals();
    await expectGroups();
    expect((await desk.night(agentId)).report.agents[0].report.rolledUpDays).toBe(0);
    await expectTotals();
  });

  it('by a context path comes from the decisions', async () => {
    expect((await performance({ groupBy: 'rsi,decisionType' })).items).toMatchObject([
      {
        group: [
          { by: 'rsi', op: 'absent' },
          { by: 'decisionType', value: 'TRADE_EXECUTION' },
        ],
        n: 3,
      },
      { group: [{ by: 'rsi', op: 'absent' }, { value: 'HEDGE' }], n: 1 },
      { group: [{ by: 'rsi', op: 'eq', value: 1 }, { value: 'TRADE_EXECUTION' }], n: 1, pnl: { total: 2 } },
      { group: [{ by: 'rsi', op: 'eq', value: 2 }, { value: 'TRADE_EXECUTION' }], n: 0, pending: 1 },
    ]);
  });

  it('by a path of more decisions than can be read is refused, and says what would make them fewer', async () => {
    const { documents, clock } = desk.runtime;
    const window = new DecisionWindow(new Table(documents, tableName('decisions'), clock));
    const seen = new SeenSignals(new Table(documents, tableName('state'), clock));
    const results = new DayResults(
      new AgentRegistry(new Table(documents, tableName('state'), clock)),
      window,
    );
    const cases = new WindowCases(window, seen, defaultMiningSettings);
    const report = new ResultsReport({
      reader: {} as ResultReader,
      results,
      cases,
      clock,
      maxPathDecisions: 7,
    });
    await expect(report.reportFor(agentId, { groupBy: ['rsi'] })).rejects.toMatchObject({
      issues: [{ path: 'windowDays', message: expect.stringContaining('more than 7 decisions') }],
    });
    expect(await report.reportFor(agentId, { groupBy: ['signal.NEWS'], windowDays: 2 })).toMatchObject({
      items: [{ group: [{ by: 'signal.NEWS', op: 'absent' }], n: 2 }],
    });
  });

  it('of nobody is nothing, and not a half', async () => {
    expect(await desk.ask('getPerformance', 'nobody', { groupBy: 'provider' })).toMatchObject({
      totals: { n: 0, rate: null, interval: null, pnl: null, streaks: { current: null } },
      items: [],
    });
  });
});
