import { beforeAll, describe, expect, it } from '@jest/globals';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { AgentReports } from '../../../lambdas/analytics/agent-report.ts';
import { DecisionReader } from '../../../lambdas/analytics/decision-reader.ts';
import { EmergingPatterns } from '../../../lambdas/analytics/emerging-patterns.ts';
import { MemoryEffects } from '../../../lambdas/analytics/memory-effects.ts';
import { periodOf } from '../../../lambdas/analytics/period.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import { RunLedger } from '../../../lambdas/consolidation/run-ledger.ts';
import { WindowCases } from '../../../lambdas/cases/window-cases.ts';
import { DecisionWindow } from '../../../lambdas/decisions/decision-window.ts';
import type { Pattern } from '../../../lambdas/patterns/pattern.ts';
import { PatternStore } from '../../../lambdas/patterns/pattern-store.ts';
import { DAY_MS, HOUR_MS } from '../../../lambdas/shared/platform/clock.ts';
import { SeenSignals } from '../../../lambdas/signals/seen-signals.ts';
import { createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createPipeline, type DecisionSketch, logDecisions, plantedRule } from '../consolidation/pipeline.ts';
import { createAnalytics } from './support.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

/** A Sunday night: the week of its pattern's promotion is 2026-W09. */
const FIRST = '2026-03-01T02:00:00.000Z';
const at = (hours: number): string => new Date(Date.parse(FIRST) + hours * HOUR_MS).toISOString();
const agentId = 'hunter';
const data = createUnrecordedRuntime({ now: FIRST });
const store = new PatternStore(new Table(data.documents, tableName('memory')));
const analytics = createAnalytics({ now: at(15 * 24) });
const ask = (route: Parameters<typeof analytics.ask>[0], query?: Record<string, string>) =>
  analytics.ask(route, agentId, query);

/** Reads at most 100 decisions. */
const smallReader = () => {
  const cases = new WindowCases(
    new DecisionWindow(new Table(data.documents, tableName('decisions'), data.clock)),
    new SeenSignals(new Table(data.documents, tableName('state'), data.clock)),
    defaultMiningSettings,
  );
  return new DecisionReader(
    new AgentRegistry(new Table(data.documents, tableName('state'), data.clock)),
    cases,
    100,
  );
};

let up: Pattern;

beforeAll(async () => {
  await createTables();
  const pipeline = createPipeline({ now: FIRST });
  await logDecisions(data, agentId, plantedRule(FIRST));
  await pipeline.run({ agentId });
  up = (await store.ofAgent(agentId)).find(({ status }) => status === 'promoted')!;
  const patternsApplied = [up.patternId];
  await logDecisions(data, agentId, [
    // harmful: 5 in 10 when it is applied, 9 in 10 when not; two weeks, every two hours
    ...Array.from({ length: 160 }, (_, i): DecisionSketch => {
      const applied = i % 2 === 0;
      return {
        context: { market: { trend: 'up' }, asset: 'BTC' },
        status: Math.floor(i / 2) % 10 < (applied ? 5 : 9) ? 'success' : 'failure',
        timestamp: at(2 * i + 1),
        occurredAt: at(2 * i + 2),
        ...(applied && { patternsApplied, patternsShown: patternsApplied }),
      };
    }),
    { context: {}, timestamp: at(20 * 0.5) },
    { context: {}, timestamp: at(14 * 24 + 12) },
  ]);
  pipeline.setTime(at(14 * 24));
  await pipeline.run({ agentId });
});

describe('did memory help', () => {
  it('says success with and without, in the same situation, for each pattern and in all', async () => {
    const body = await ask('getMemoryEffect', { asOf: at(14 * 24) });
    const stored = (await store.get(agentId, up.patternId))!;
    expect(body).toMatchObject({
      agentId,
      windowDays: 90,
      items: [
        {
          patternId: up.patternId,
          decisionType: 'SIGNAL_GENERATION',
          status: 'suspect',
          verdict: 'worse',
          applied: { with: { n: 80, successes: 40, rate: 0.5 }, without: { n: 80, rate: 0.9 } },
        },
      ],
    });
    const [{ applied, shown }] = body.items;
    expect({ applied, shown }).toEqual(stored.effect);
    expect(applied.difference).toBeCloseTo(-0.4, 1);
    expect(applied.interval[1]).toBeLessThan(-0.2);
    expect(body.overall.applied.with.n).toBe(80);
    expect(body.overall.applied.difference).toBeLessThan(-0.2);
  });

  it('of one pattern is that pattern; one the agent does not have is refused', async () => {
    const { items } = await ask('getMemoryEffect', { patternId: up.patternId });
    expect(items.map(({ patternId }: Pattern) => patternId)).toEqual([up.patternId]);
    const { error } = await ask('getMemoryEffect', { patternId: 'PATTERN-3f9a0c6d2b7e41d8' });
    expect(error.issues).toMatchObject([{ path: 'patternId' }]);
    const otherType = { patternId: up.patternId, decisionType: 'RISK_ASSESSMENT' };
    expect((await ask('getMemoryEffect', otherType)).error.issues).toMatchObject([{ path: 'patternId' }]);
    expect((await ask('getMemoryEffect', { asOf: '2027-01-01T00:00:00Z' })).error.issues).toMatchObject([
      { path: 'asOf' },
    ]);
  });

  it('is nothing where nothing was used', async () => {
    const before = await ask('getMemoryEffect', { asOf: FIRST });
    expect(before).toMatchObject({ overall: { applied: null, shown: null }, items: [] });
    expect(await analytics.ask('getMemoryEffect', 'nobody')).toMatchObject({ items: [] });
  });

  it('reads so many decisions and no more', async () => {
    const effects = new MemoryEffects(smallReader(), store, analytics.runtime.clock);
    await expect(effects.measure(agentId, {})).rejects.toMatchObject({ issues: [{ path: 'windowDays' }] });
  });
});

describe('emerging patterns', () => {
  it('are the candidates, nearest first, with what each lacks', async () => {
    const { items, nextToken } = await ask('listEmergingPatterns', { maxResults: '100' });
    const candidates = (await store.ofAgent(agentId)).filter(({ status }) => status === 'candidate');
    expect(nextToken).toBeNull();
    expect(items).toHaveLength(candidates.length);
    expect(items.length).toBeGreaterThan(1);
    const nearness = items.map(({ qValue, pValue }: Pattern) => qValue ?? pValue);
    expect(nearness).toEqual([...nearness].sort((a: number, b: number) => a - b));
    for (const { lacks, needs } of items) {
      expect(lacks.length).toBeGreaterThan(0);
      expect(needs.power).toBe(0.8);
    }
  });

  it('come in pages that hold each once', async () => {
    const seen: string[] = [];
    let nextToken: string | null = null;
    do {
      const page: { items: Pattern[]; nextToken: string | null } = await ask('listEmergingPatterns', {
        maxResults: '1',
        decisionType: 'SIGNAL_GENERATION',
        ...(nextToken && { nextToken }),
      });
      seen.push(...page.items.map(({ patternId }) => patternId));
      nextToken = page.nextToken;
    } while (nextToken);
    const all = await ask('listEmergingPatterns', { maxResults: '100' });
    expect(seen).toEqual(all.items.map(({ patternId }: Pattern) => patternId));
    const foreign = Buffer.from('[1,"x",[0,"P"]]').toString('base64url');
    expect((await ask('listEmergingPatterns', { nextToken: foreign })).error.issues).toMatchObject([
      { path: 'nextToken' },
    ]);
    expect(await ask('listEmergingPatterns', { decisionType: 'NOTHING' })).toMatchObject({ items: [] });
  });
});

describe('the report', () => {
  it('of a week: success and its change, open outcomes, what was learned, what memory did', async () => {
    const body = await ask('getReport', { period: 'weekly', date: '2026-03-11' });
    expect(body).toMatchObject({
      period: 'weekly',
      date: '2026-03-09',
      complete: true,
      current: { from: '2026-03-09T00:00:00.000Z', to: '2026-03-15T23:59:59.999Z' },
      previous: { from: '2026-03-02T00:00:00.000Z', to: '2026-03-08T23:59:59.999Z' },
      types: [{ decisionType: 'SIGNAL_GENERATION' }],
      patterns: expect.arrayContaining([
        expect.objectContaining({
          patternId: up.patternId,
          status: 'suspect',
          reason: 'made_things_worse',
          asOf: at(14 * 24),
        }),
      ]),
      memory: { applied: { with: { n: 80 } } },
      truncated: false,
    });
    const { current, previous, change } = body.totals;
    expect(current).toMatchObject({ n: 65, pending: 1 });
    // the outcome of its last decision came as the next week began
    expect(previous).toMatchObject({ n: 83, pending: 1 });
    expect(change.difference).toBeCloseTo(current.rate - previous.rate, 12);
    expect(change.interval[0]).toBeLessThan(change.difference);
    // the one of the first day; the other is not a day old at the end of the week
    expect(body.open).toMatchObject({ n: 1, oldest: [{ timestamp: at(10) }] });
    expect(body.emerging.length).toBeGreaterThan(0);
    expect(body.emerging.length).toBeLessThanOrEqual(5);
  });

  it('of a past period is what was known at its end, whenever it is asked', async () => {
    const query = { period: 'weekly', date: '2026-03-01' };
    const body = await ask('getReport', query);
    expect(body.patterns).toMatchObject([{ status: 'promoted', reason: 'significant', asOf: FIRST }]);
    expect(body.emerging).toBeNull();
    const late = createAnalytics({ now: at(40 * 24) });
    expect(await late.ask('getReport', agentId, query)).toEqual(body);
  });

  it('of a day is the last that is over, and of a running one what there is, beside as much of the one before', async () => {
    expect(await ask('getReport')).toMatchObject({ period: 'daily', date: '2026-03-15', complete: true });
    expect(await ask('getReport', { date: '2026-03-16' })).toMatchObject({
      complete: false,
      current: { from: '2026-03-16T00:00:00.000Z', to: '2026-03-16T02:00:00.000Z' },
      previous: { from: '2026-03-15T00:00:00.000Z', to: '2026-03-15T02:00:00.000Z' },
    });
    expect((await ask('getReport', { date: '2026-03-17' })).error.issues).toMatchObject([{ path: 'date' }]);
    expect((await ask('getReport', { date: '2026-02-30' })).error.issues).toMatchObject([{ path: 'date' }]);
    expect(await analytics.ask('getReport', 'nobody')).toMatchObject({
      totals: { current: { n: 0, rate: null }, change: null },
      types: [],
      open: { n: 0, oldest: [] },
      patterns: [],
      emerging: null,
    });
  });
});

describe('the report of an agent that decides a lot', () => {
  it('leaves out the oldest decisions, unless that would cut into its periods', async () => {
    const { clock } = analytics.runtime;
    const ledger = new RunLedger(new Table(data.documents, tableName('state'), clock));
    const emerging = new EmergingPatterns(store, ledger, defaultMiningSettings);
    const reports = new AgentReports({ reader: smallReader(), store, emerging, ledger, clock });
    const whole = await ask('getReport', { date: '2026-03-11' });
    const cut = await reports.report(agentId, 'daily', '2026-03-11');
    expect(whole.truncated).toBe(false);
    expect(cut.truncated).toBe(true);
    expect(cut.totals).toEqual(whole.totals);
    // every second of the newest 100, but the last of the day, whose outcome came after it
    expect(cut.memory.applied!.with.n).toBe(49);
    await expect(reports.report(agentId, 'weekly', '2026-03-11')).rejects.toMatchObject({
      issues: [{ path: 'period' }],
    });
  });
});

it('a week begins on Monday', () => {
  const now = new Date('2026-12-31T00:00:00.000Z');
  for (let day = 0; day < 400; day++) {
    const date = new Date(Date.parse('2025-11-20') + day * DAY_MS).toISOString().slice(0, 10);
    const { current, date: first } = periodOf('weekly', date, now);
    expect(new Date(current.from).getUTCDay()).toBe(1);
    expect(current.from <= `${date}T00:00:00.000Z` && `${date}T00:00:00.000Z` <= current.to).toBe(true);
    expect(current.from.slice(0, 10)).toBe(first);
  }
});
