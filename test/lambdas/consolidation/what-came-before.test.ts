import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { AgentConsolidator } from '../../../lambdas/consolidation/consolidate-agent.ts';
import { OfferReviews } from '../../../lambdas/patterns/lifecycle/offer-review.ts';
import { OfferedPatterns, PATTERN_MEMORY } from '../../../lambdas/patterns/offered-patterns.ts';
import { OfferVerdictStore } from '../../../lambdas/patterns/offer-verdict-store.ts';
import { Sharing } from '../../../lambdas/sharing/sharing.ts';
import { SeenIndex, signalsAmong, WindowCases } from '../../../lambdas/cases/window-cases.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import { DecisionWindow, type WindowRequest } from '../../../lambdas/decisions/decision-window.ts';
import type { Decision } from '../../../lambdas/decisions/decision.ts';
import { patternRoutes } from '../../../lambdas/patterns/contract.ts';
import { createPatternsHandler } from '../../../lambdas/patterns/patterns.lambda.ts';
import type { Pattern } from '../../../lambdas/patterns/pattern.ts';
import { PatternStore } from '../../../lambdas/patterns/pattern-store.ts';
import { PatternTrial } from '../../../lambdas/patterns/pattern-trial.ts';
import { createRelayHandler } from '../../../lambdas/relay/relay.lambda.ts';
import { HOUR_MS, MINUTE_MS } from '../../../lambdas/shared/platform/clock.ts';
import { typedId } from '../../../lambdas/shared/platform/ids.ts';
import { SeenSignals } from '../../../lambdas/signals/seen-signals.ts';
import { call, lambdaContext } from '../../support/api.ts';
import { createTestRuntime, createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { startEventBus } from '../relay/event-bus.ts';
import { SignalStream } from '../relay/signal-stream.ts';
import { createSignalsFixture } from '../signals/fixture.ts';
import { seeded } from '../mining/case-generator.ts';
import { createPipeline, type DecisionSketch, logDecisions, plantedRule } from './pipeline.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

// Far ahead: what has expired by the wall clock, the emulator collects.
const NOW = '2096-03-01T02:00:00.000Z';
const runtime = createUnrecordedRuntime({ now: NOW });
const store = new PatternStore(new Table(runtime.documents, tableName('memory')));
const signals = createSignalsFixture({ now: NOW });
const patternsRuntime = createTestRuntime('patterns', { now: NOW });
const handler = createPatternsHandler(patternsRuntime, {
  AUTH_MODE: 'iam',
  DECISIONS_TABLE: tableName('decisions'),
  STATE_TABLE: tableName('state'),
  MEMORY_TABLE: tableName('memory'),
});
const trader = { agentId: 'trader' };

const DECISIONS = 320;
const at = (time: number) => new Date(time).toISOString();

interface Told {
  /** When a signal was published before each decision; those of other decisions are older than four hours or absent. */
  readonly signals: readonly number[];
  readonly risks: DecisionSketch[];
  readonly trades: (DecisionSketch & { readonly followsUp: boolean })[];
}

/**
 * Every 6.3 hours the risk manager assesses, is proved right or wrong twenty minutes later, and half an hour after it
 * the trader trades. A trade does better within four hours after a whale, and after the risk manager was right.
 */
function imagine(): Told {
  const random = seeded(11);
  const start = Date.parse(NOW) - 85 * 24 * HOUR_MS;
  const told: Told = { signals: [], risks: [], trades: [] };
  for (let i = 0; i < DECISIONS; i++) {
    const time = start + Math.round(i * 6.3 * HOUR_MS);
    const whale = random() < 0.4;
    if (whale) (told.signals as number[]).push(time - Math.round((0.2 + 3.7 * random()) * HOUR_MS));
    const right = random() < 0.5;
    told.risks.push({
      context: { secret: 'of the risk manager' },
      decisionType: 'RISK_ASSESSMENT',
      timestamp: at(time - 30 * MINUTE_MS),
      status: right ? 'success' : 'failure',
      occurredAt: at(time - 10 * MINUTE_MS),
    });
    told.trades.push({
      context: { coin: 'abc'[Math.floor(random() * 3)]! },
      decisionType: 'TRADE_EXECUTION',
      timestamp: at(time),
      status: random() < 0.15 + (whale ? 0.35 : 0) + (right ? 0.35 : 0) ? 'success' : 'failure',
      followsUp: random() < 0.5,
    });
  }
  return told;
}

const promotedOf = async (agentId: string): Promise<Pattern[]> =>
  (await store.ofAgent(agentId)).filter(({ status }) => status === 'promoted');
const single = (patterns: readonly Pattern[], path: string): Pattern | undefined =>
  patterns.find(
    ({ asserts, conditions }) =>
      asserts === 'success' && conditions.length === 1 && conditions[0]!.path === path,
  );

const SIGNAL = 'signal.WHALE_ACTIVITY';
const SEQUENCE = 'after.risk-manager.RISK_ASSESSMENT.success';

const told = imagine();
let bus: Awaited<ReturnType<typeof startEventBus>>;
let trades: Decision[];
let patterns: Pattern[];

beforeAll(async () => {
  await createTables('signals');
  bus = await startEventBus();
  await signals.register('trader');
  for (const time of told.signals) {
    signals.runtime.setTime(at(time));
    await signals.publish('whale-watcher', { targetAgents: ['trader'] });
  }
  const relay = createRelayHandler(
    createTestRuntime('relay', { now: NOW }),
    { STATE_TABLE: tableName('state'), EVENT_BUS_NAME: 'signals' },
    bus.client,
  );
  await new SignalStream().deliver((event) => relay(event, lambdaContext));
  const risks = await logDecisions(runtime, 'risk-manager', told.risks);
  const sketches = told.trades.map(({ followsUp, ...sketch }, i) => ({
    ...sketch,
    ...(followsUp && { parent: { agentId: 'risk-manager', decisionId: risks[i]!.decisionId } }),
  }));
  trades = await logDecisions(runtime, 'trader', sketches);
  await createPipeline({ now: NOW }).run(trader);
  patterns = await promotedOf('trader');
});
afterAll(() => bus.stop());

describe('what came before decisions', () => {
  it('is learned of signals, with the window in the sentence', () => {
    const pattern = single(patterns, SIGNAL)!;
    expect(pattern).toMatchObject({ n: told.signals.length });
    expect(pattern.description).toMatch(
      /^Of \d+ TRADE_EXECUTION decisions with signal WHALE_ACTIVITY seen within 4 h, \d+ succeeded/,
    );
    expect(pattern.explain.comparisons.map(({ against }) => against)).toEqual([
      'others',
      'same_hours',
      'same_days',
    ]);
  });

  it("is learned of another agent's decisions and their outcomes", () => {
    const pattern = single(patterns, SEQUENCE)!;
    const right = told.risks.filter(({ status }) => status === 'success').length;
    expect(pattern).toMatchObject({ n: right });
    expect(pattern.description).toContain("with risk-manager's last RISK_ASSESSMENT within 24 h a success, ");
  });

  it('is nothing else: no pattern of what was not planted', () => {
    const paths = patterns.flatMap(({ conditions }) => conditions.map(({ path }) => path));
    const planted = [SIGNAL, SEQUENCE, 'after.risk-manager.RISK_ASSESSMENT.failure'];
    expect(paths.filter((path) => !planted.includes(path))).toEqual([]);
    expect(JSON.stringify(patterns)).not.toContain('secret');
  });

  it('is found again as the evidence, exactly n decisions', async () => {
    for (const { patternId, n, successes } of patterns) {
      const items: { decisionId: string; status: string }[] = [];
      let nextToken: string | null = null;
      do {
        const { body } = await call(handler, patternRoutes.listEvidence, {
          params: { ...trader, patternId },
          query: { maxResults: '37', ...(nextToken && { nextToken }) },
        });
        items.push(...body.items);
        nextToken = body.nextToken;
      } while (nextToken);
      expect(new Set(items.map(({ decisionId }) => decisionId)).size).toBe(n);
      expect(items).toHaveLength(n);
      expect(items.filter(({ status }) => status === 'success')).toHaveLength(successes);
    }
  });

  it('is the same when it is asked for alone, and with another window', async () => {
    const test = async (path: string) =>
      (
        await call(handler, patternRoutes.testPattern, {
          params: trader,
          body: {
            decisionType: 'TRADE_EXECUTION',
            asserts: 'success',
            conditions: [{ path, op: 'present' }],
          },
        })
      ).body;
    for (const path of [SIGNAL, SEQUENCE]) {
      const { patternId, n, successes, pValue } = single(patterns, path)!;
      expect(await test(path)).toMatchObject({ patternId, n, successes, pValue });
    }
    expect((await test(`${SIGNAL}.4h`)).patternId).toBe((await test(SIGNAL)).patternId);
    const times = told.trades.map(({ timestamp }) => Date.parse(timestamp));
    const within = (hours: number) =>
      times.filter((time) =>
        told.signals.some((signal) => signal <= time && signal >= time - hours * HOUR_MS),
      ).length;
    expect((await test(`${SIGNAL}.2h`)).n).toBe(within(2));
    expect((await test(`${SIGNAL}.30h`)).n).toBe(within(30));
    expect(within(2)).toBeLessThan(within(4));
    // the last assessment of each is half an hour old
    expect((await test(`${SEQUENCE}.29m`)).n).toBe(0);
    expect((await test(`${SEQUENCE}.30m`)).n).toBe((await test(SEQUENCE)).n);
    // its own last trade, whose outcome came an hour later
    const wins = told.trades.slice(0, -1).filter(({ status }) => status === 'success').length;
    expect((await test('after.TRADE_EXECUTION.success')).n).toBe(wins);
    expect((await test('after.trader.TRADE_EXECUTION.success')).n).toBe(wins);
  });

  it('may lie before the window, where decisions are not counted', async () => {
    const cases = new WindowCases(
      new DecisionWindow(new Table(runtime.documents, tableName('decisions'), runtime.clock)),
      new SeenSignals(new Table(runtime.documents, tableName('state'), runtime.clock)),
      defaultMiningSettings,
    );
    const inTenDays = told.trades.filter(
      ({ timestamp }) => timestamp > at(Date.parse(NOW) - 10 * 24 * HOUR_MS),
    ).length;
    const stated = {
      decisionType: 'TRADE_EXECUTION',
      asserts: 'success' as const,
      conditions: (['success', 'failure'] as const).map((status) => ({
        path: `after.TRADE_EXECUTION.${status}`,
        op: 'present' as const,
      })),
      windowDays: 10,
    };
    const numbers = await Promise.all(
      stated.conditions.map((condition) =>
        new PatternTrial(cases, runtime.clock, inTenDays).test('trader', {
          ...stated,
          conditions: [condition],
        }),
      ),
    );
    // every one has a predecessor, the window's first as well
    expect(numbers.map(({ resolved }) => resolved)).toEqual([inTenDays, inTenDays]);
    expect(numbers.reduce((sum, { finding }) => sum + finding.numbers.n, 0)).toBe(inTenDays);
  });

  it('says nothing of an agent whose work it does not follow up', async () => {
    await logDecisions(runtime, 'stranger', told.risks);
    const { body } = await call(handler, patternRoutes.testPattern, {
      params: trader,
      body: {
        decisionType: 'TRADE_EXECUTION',
        asserts: 'success',
        conditions: [{ path: 'after.stranger.RISK_ASSESSMENT.success', op: 'present' }],
      },
    });
    expect(body).toMatchObject({ n: 0, resolved: DECISIONS });
  });
});

describe('a match', () => {
  const match = async (body: object) =>
    (
      await call(handler, patternRoutes.matchPatterns, {
        params: trader,
        body: { decisionType: 'TRADE_EXECUTION', context: {}, ...body },
      })
    ).body.items.map(({ conditions }: Pattern) => conditions.map(({ path }) => path).join(' & ')) as string[];
  const risk = { agentId: 'risk-manager', decisionType: 'RISK_ASSESSMENT' };

  it('takes what the caller says of signals and of preceding decisions', async () => {
    expect(await match({ signals: [], preceding: [] })).toEqual([]);
    expect(await match({ signals: ['WHALE_ACTIVITY'], preceding: [] })).toContain(SIGNAL);
    const preceding = [{ ...risk, status: 'success' }];
    expect(await match({ signals: [], preceding })).toContain(SEQUENCE);
    expect(await match({ signals: [], preceding: [{ ...preceding[0], agentId: 'other' }] })).toEqual([]);
    expect(await match({ signals: [], preceding: [{ ...risk, status: 'pending' }] })).toEqual([]);
  });

  it('looks up what the caller does not say', async () => {
    const quiet = told.trades.findIndex(
      ({ timestamp }, i) =>
        told.risks[i]!.status === 'failure' &&
        !told.signals.some((signal) => Math.abs(signal - Date.parse(timestamp)) <= 4.1 * HOUR_MS),
    );
    const busy = told.trades.findIndex(
      ({ timestamp }, i) =>
        told.risks[i]!.status === 'success' &&
        told.signals.some((signal) => {
          const age = Date.parse(timestamp) - signal;
          return age > 0 && age < 3.5 * HOUR_MS;
        }),
    );
    const later = (i: number) => at(Date.parse(told.trades[i]!.timestamp) + 60_000);
    const found = await match({ timestamp: later(busy) });
    expect(found).toEqual(expect.arrayContaining([SIGNAL, SEQUENCE]));
    const none = await match({ timestamp: later(quiet) });
    expect(none).not.toContain(SIGNAL);
    expect(none).not.toContain(SEQUENCE);
    expect(await match({ timestamp: later(busy), signals: [] })).not.toContain(SIGNAL);
  });

  it.each([
    ['preceding.0.decisionType', { preceding: [{ decisionType: 'trade', status: 'success' }] }],
    ['preceding.0.status', { preceding: [{ decisionType: 'T', status: 'voided' }] }],
    ['preceding.0.agentId', { preceding: [{ agentId: '#', decisionType: 'T', status: 'success' }] }],
    ['preceding', { preceding: 'T' }],
  ])('refuses %s', async (path, body) => {
    const answer = await call(handler, patternRoutes.matchPatterns, {
      params: trader,
      body: { context: {}, ...body },
    });
    expect(answer.body.error.issues).toMatchObject([{ path }]);
  });
});

describe('a signal', () => {
  const cases = new WindowCases(
    new DecisionWindow(new Table(runtime.documents, tableName('decisions'), runtime.clock)),
    new SeenSignals(new Table(runtime.documents, tableName('state'), runtime.clock)),
    { ...defaultMiningSettings, signalWindowsMs: { NEWS: HOUR_MS } },
  );
  const time = Date.parse('2096-02-01T12:00:00.000Z');
  const pathsOf = (seenAt: Record<string, number>, triggers: Record<string, number> = {}): string[] => {
    const seen = new SeenIndex();
    for (const [type, when] of Object.entries(seenAt)) seen.add(when, type);
    const decision = {
      ...trades[0]!,
      timestamp: at(time),
      triggeredBySignals: Object.entries(triggers).map(([type, when]) =>
        typedId(type, new Date(when), new Uint8Array(10)),
      ),
    };
    const asked = signalsAmong(['signal.WHALE_ACTIVITY.12h']);
    return [...cases.featuresOf(decision, seen, asked).keys()].filter((path) => path.startsWith('signal.'));
  };

  it('counts from its own time for as long as its window says, to the millisecond', () => {
    expect(pathsOf({ WHALE_ACTIVITY: time })).toEqual([SIGNAL, `${SIGNAL}.12h`]);
    expect(pathsOf({ WHALE_ACTIVITY: time - 4 * HOUR_MS })).toEqual([SIGNAL, `${SIGNAL}.12h`]);
    expect(pathsOf({ WHALE_ACTIVITY: time - 4 * HOUR_MS - 1 })).toEqual([`${SIGNAL}.12h`]);
    expect(pathsOf({ WHALE_ACTIVITY: time + 1 })).toEqual([]);
    expect(pathsOf({ NEWS: time - HOUR_MS })).toEqual(['signal.NEWS.1h']);
    expect(pathsOf({ NEWS: time - HOUR_MS - 1 })).toEqual([]);
  });

  it('that triggered the decision counts whatever its age, unless it lies ahead', () => {
    expect(pathsOf({}, { WHALE_ACTIVITY: time - 90 * HOUR_MS })).toEqual([SIGNAL, `${SIGNAL}.12h`]);
    expect(pathsOf({}, { WHALE_ACTIVITY: time + HOUR_MS })).toEqual([]);
  });
});

describe('another window in the configuration', () => {
  it('leaves what is known as it was stated, and finds the new statement beside it', async () => {
    const before = single(patterns, SIGNAL)!;
    const wider = createPipeline({
      now: at(Date.parse(NOW) + HOUR_MS),
      featureWindows: { signalHours: 6, signalHoursByType: {}, sequenceHours: 24 },
    });
    await wider.run(trader);
    const after = (await store.get('trader', before.patternId))!;
    expect(after).toMatchObject({
      conditions: before.conditions,
      n: before.n,
      successes: before.successes,
      asOf: at(Date.parse(NOW) + HOUR_MS),
    });
    expect(after.description).toContain('within 4 h');
    const all = await store.ofAgent('trader');
    const found = all.filter(({ conditions }) => conditions.some(({ path }) => path === `${SIGNAL}.6h`));
    expect(found.length).toBeGreaterThan(0);
    const memory = await store.ofAgent('trader');
    await wider.run(trader);
    expect(await store.ofAgent('trader')).toEqual(memory);
  });
});

describe('an agent with more decisions than are kept at once', () => {
  it('is read twice, and comes to the same', async () => {
    const agentId = 'busy';
    const rule = plantedRule(NOW);
    const trades = rule.map(({ timestamp, ...sketch }, i) => ({
      ...sketch,
      decisionType: 'TRADE_EXECUTION',
      timestamp: at(Date.parse(timestamp) + 20 * MINUTE_MS),
      status: rule[i]!.status === 'success' ? ('failure' as const) : ('success' as const),
    }));
    await logDecisions(runtime, agentId, [...rule, ...trades]);
    const consolidate = async (maxDecisions: number) => {
      let reads = 0;
      const decisions = new DecisionWindow(
        new Table(runtime.documents, tableName('decisions'), runtime.clock),
      );
      const counted = Object.assign(Object.create(decisions) as DecisionWindow, {
        pages: (request: WindowRequest) => {
          reads++;
          return decisions.pages(request);
        },
      });
      const registry = new AgentRegistry(new Table(runtime.documents, tableName('state'), runtime.clock));
      const verdicts = new OfferVerdictStore(new Table(runtime.documents, tableName('memory')));
      const sharing = new Sharing(
        new Table(runtime.documents, tableName('memory'), runtime.clock),
        PATTERN_MEMORY,
      );
      const consolidator = new AgentConsolidator({
        registry,
        cases: new WindowCases(
          counted,
          new SeenSignals(new Table(runtime.documents, tableName('state'), runtime.clock)),
          defaultMiningSettings,
        ),
        store,
        reviews: new OfferReviews(new OfferedPatterns({ store, verdicts, sharing, registry }), verdicts),
        clock: runtime.clock,
        consumed: () => ({ readUnits: 0, writeUnits: 0 }),
        maxDecisions,
      });
      // Before the run it is compared with: nothing is stored.
      const last = { runId: 'RUN-1', asOf: at(Date.parse(NOW) + 1), startedAt: NOW, livePatterns: 0 };
      const { report } = await consolidator.consolidate({ runId: 'RUN-2', agentId, asOf: NOW }, last);
      return { reads, types: report.types };
    };
    const once = await consolidate(120);
    const twice = await consolidate(119);
    expect([once.reads, twice.reads]).toEqual([2, 4]);
    expect(twice.types).toEqual(once.types);
    expect(once.types.map(({ resolved }) => resolved)).toEqual([60, 60]);
    const named = once.types.flatMap(({ nearest }) => nearest.map(({ description }) => description));
    expect(named.join()).toContain('its own last');
  });
});
