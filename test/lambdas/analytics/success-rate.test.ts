import { beforeAll, describe, expect, it } from '@jest/globals';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { AgentComparison } from '../../../lambdas/analytics/agent-comparison.ts';
import { DecisionReader } from '../../../lambdas/analytics/decision-reader.ts';
import { SuccessRates } from '../../../lambdas/analytics/success-rate.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import { WindowCases } from '../../../lambdas/cases/window-cases.ts';
import { DecisionWindow } from '../../../lambdas/decisions/decision-window.ts';
import { SeenSignals } from '../../../lambdas/signals/seen-signals.ts';
import { createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { logDecisions } from '../consolidation/pipeline.ts';
import { createAnalytics, hoursAgo, NOW, some } from './support.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const data = createUnrecordedRuntime({ now: NOW });
const { ask, send } = createAnalytics();
const rate = (agentId: string, query?: Record<string, string>) => ask('getSuccessRate', agentId, query);

const nothing = { n: 0, successes: 0, rate: null, interval: null, pending: 0, voided: 0 };

beforeAll(async () => {
  await createTables();
  await logDecisions(data, 'hunter', [
    ...some(10, 8, { context: { market: { trend: 'up' }, tags: ['a', 'b'] }, action: 'buy' }),
    ...some(10, 2, { context: { market: { trend: 'down' }, tags: ['b'] } }, 20),
    ...some(2, 0, { context: { market: { trend: 'up' } }, status: undefined }, 40),
    ...some(1, 0, { context: { market: { trend: 1 } }, status: 'voided' }, 45),
    ...some(4, 4, { decisionType: 'RISK_ASSESSMENT', context: { calm: true } }, 50),
    ...some(3, 0, {}, 24 * 40),
  ]);
});

describe('the success rate of an agent', () => {
  it('says n and a 95 % interval, in all and by type; what is pending or voided is not in n', async () => {
    const body = await rate('hunter');
    expect(body).toMatchObject({
      agentId: 'hunter',
      from: hoursAgo(24 * 30),
      to: NOW,
      totals: { n: 24, successes: 14, rate: 14 / 24, pending: 2, voided: 1 },
      types: [
        { decisionType: 'RISK_ASSESSMENT', n: 4, rate: 1 },
        { decisionType: 'SIGNAL_GENERATION', n: 20, rate: 0.5, pending: 2, voided: 1 },
      ],
      items: [],
      truncated: false,
    });
    const [low, high] = body.totals.interval;
    expect([low.toFixed(3), high.toFixed(3)]).toEqual(['0.388', '0.755']);
  });

  it('is null with n = 0 where there is nothing', async () => {
    expect(await rate('nobody')).toMatchObject({ totals: nothing, types: [] });
    const none = { decisionType: 'NOTHING', path: 'a.b', value: 'x' };
    expect(await rate('hunter', none)).toMatchObject({
      totals: nothing,
      types: [{ decisionType: 'NOTHING', ...nothing }],
      items: [{ op: 'eq', value: 'x', ...nothing }],
    });
  });

  it('is broken down by the values of a path, those without it apart', async () => {
    const { items } = await rate('hunter', { decisionType: 'SIGNAL_GENERATION', path: 'market.trend' });
    expect(items).toMatchObject([
      { op: 'eq', value: 'up', n: 10, successes: 8, rate: 0.8, pending: 2 },
      { op: 'eq', value: 'down', n: 10, successes: 2, rate: 0.2 },
      { op: 'eq', value: 1, ...nothing, voided: 1 },
    ]);
    const byAction = await rate('hunter', { path: 'action' });
    expect(byAction.items).toMatchObject([
      { op: 'absent', n: 14, pending: 2 },
      { op: 'eq', value: 'buy', n: 10 },
    ]);
    const byTag = await rate('hunter', { decisionType: 'SIGNAL_GENERATION', path: 'tags' });
    expect(byTag.items).toMatchObject([
      { op: 'contains', value: 'b', n: 20 },
      { op: 'contains', value: 'a', n: 10 },
      { op: 'absent', pending: 2 },
    ]);
    const weekdays = (await rate('hunter', { path: 'time.weekday' })).items;
    expect(weekdays.reduce((n: number, item: { n: number }) => n + item.n, 0)).toBe(24);
  });

  it('of one value is that value alone, whatever its type', async () => {
    const one = async (path: string, value: string) => (await rate('hunter', { path, value })).items;
    expect(await one('market.trend', 'up')).toMatchObject([{ op: 'eq', value: 'up', n: 10 }]);
    expect(await one('market.trend', '1')).toMatchObject([{ op: 'eq', value: 1, voided: 1 }]);
    expect(await one('calm', 'true')).toMatchObject([{ op: 'eq', value: true, n: 4 }]);
    expect(await one('tags', 'a')).toMatchObject([{ op: 'contains', value: 'a', n: 10 }]);
  });

  it('cuts numbers at the quartiles mining cuts at, and shows the 32 commonest values', async () => {
    await logDecisions(
      data,
      'numbers',
      Array.from(
        { length: 40 },
        (_, i) => some(1, Number(i >= 20), { context: { x: i, id: `id-${i}` } }, i + 1)[0]!,
      ),
    );
    const { items } = await rate('numbers', { path: 'x' });
    expect(
      items.sort((a: { min: number }, b: { min: number }) => (a.min ?? -1) - (b.min ?? -1)),
    ).toMatchObject([
      { op: 'in_range', min: null, max: 10, n: 10, successes: 0 },
      { op: 'in_range', min: 10, max: 20, n: 10, successes: 0 },
      { op: 'in_range', min: 20, max: 30, n: 10, successes: 10 },
      { op: 'in_range', min: 30, max: null, n: 10, successes: 10 },
    ]);
    const ids = await rate('numbers', { path: 'id' });
    expect(ids.items).toHaveLength(32);
    expect(ids.truncated).toBe(true);
  });

  it('knows the signals an agent had seen', async () => {
    await logDecisions(
      data,
      'told',
      some(3, 2, { triggeredBySignals: ['WHALE_ACTIVITY-01KJMDZV20R6BZ1E7J5C4D8QXT'] }),
    );
    expect((await rate('told', { path: 'signal.WHALE_ACTIVITY' })).items).toMatchObject([
      { op: 'present', n: 3 },
    ]);
  });

  it('covers the range asked for, both ends included', async () => {
    const from = hoursAgo(10);
    expect((await rate('hunter', { from, to: hoursAgo(9) })).totals.n).toBe(2);
    expect((await rate('hunter', { windowDays: '60' })).totals.n).toBe(27);
    const refused = async (query: Record<string, string>) => (await rate('hunter', query)).error.issues;
    expect(await refused({ path: 'after.RISK_ASSESSMENT.success' })).toMatchObject([{ path: 'path' }]);
    expect(await refused({ from, to: hoursAgo(11) })).toMatchObject([{ path: 'from' }]);
    expect(await refused({ from, windowDays: '3' })).toMatchObject([{ path: 'windowDays' }]);
    expect(await refused({ to: '2027-01-01T00:00:00Z' })).toMatchObject([{ path: 'to' }]);
    expect(await refused({ value: 'up' })).toMatchObject([{ path: 'value' }]);
    expect(await refused({ windowDays: '0' })).toMatchObject([{ path: 'windowDays' }]);
  });
});

describe('agents beside each other', () => {
  const compare = async (query: Record<string, string>) => (await send('compareAgents', { query })).body;

  it('each has its rate, and its difference from all others with an adjusted p-value', async () => {
    await logDecisions(data, 'good', some(40, 32));
    await logDecisions(data, 'poor', some(40, 14));
    await logDecisions(data, 'middling', some(40, 23));
    const agentIds = 'good,poor,middling,nobody';
    const { items } = await compare({ decisionType: 'SIGNAL_GENERATION', agentIds });
    expect(items).toMatchObject([
      { agentId: 'good', n: 40, rate: 0.8 },
      { agentId: 'poor', n: 40, rate: 0.35 },
      { agentId: 'middling', n: 40, rate: 0.575 },
      { agentId: 'nobody', ...nothing, againstOthers: null },
    ]);
    const [good, poor, middling] = items.map((item: { againstOthers: object }) => item.againstOthers);
    expect(good.difference).toBeCloseTo(32 / 40 - 37 / 80, 12);
    expect(good.interval[0]).toBeGreaterThan(0);
    expect(good.adjustedP).toBeLessThan(0.01);
    expect(good.adjustedP).toBeGreaterThan(good.pValue);
    expect(poor.interval[1]).toBeLessThan(0);
    expect(middling.interval[0]).toBeLessThan(0);
    expect(middling.interval[1]).toBeGreaterThan(0);
    expect(middling.pValue).toBe(1);
  });

  it('are two to twenty, each named once', async () => {
    const refused = async (agentIds: string) =>
      (await compare({ decisionType: 'SIGNAL_GENERATION', agentIds })).error.issues[0].path;
    expect(await refused('good')).toMatch(/^agentIds/);
    expect(await refused('good,good')).toMatch(/^agentIds/);
    expect(await refused('good,po or')).toMatch(/^agentIds/);
    expect(await refused(Array.from({ length: 21 }, (_, i) => `a${i}`).join(','))).toMatch(/^agentIds/);
  });
});

it('more decisions than one request can read are refused, naming what would make them fewer', async () => {
  const cases = new WindowCases(
    new DecisionWindow(new Table(data.documents, tableName('decisions'), data.clock)),
    new SeenSignals(new Table(data.documents, tableName('state'), data.clock)),
    defaultMiningSettings,
  );
  const registry = new AgentRegistry(new Table(data.documents, tableName('state'), data.clock));
  const reader = new DecisionReader(registry, cases, 26);
  const successRates = new SuccessRates(reader, data.clock);
  await expect(successRates.measure('hunter', {})).rejects.toMatchObject({
    issues: [{ path: 'windowDays' }],
  });
  await expect(successRates.measure('hunter', { from: hoursAgo(24 * 60) })).rejects.toMatchObject({
    issues: [{ path: 'from' }],
  });
  await expect(
    new AgentComparison(reader, data.clock).compare({
      decisionType: 'SIGNAL_GENERATION',
      agentIds: ['hunter', 'good'],
    }),
  ).rejects.toMatchObject({ issues: [{ path: 'windowDays' }] });
  expect((await successRates.measure('hunter', { decisionType: 'RISK_ASSESSMENT' })).totals.n).toBe(4);
});
