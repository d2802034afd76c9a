import { beforeAll, describe, expect, it } from '@jest/globals';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import { WindowCases } from '../../../lambdas/cases/window-cases.ts';
import { DecisionWindow } from '../../../lambdas/decisions/decision-window.ts';
import { patternRoutes } from '../../../lambdas/patterns/contract.ts';
import { createPatternsHandler } from '../../../lambdas/patterns/patterns.lambda.ts';
import { Hypotheses } from '../../../lambdas/patterns/hypotheses.ts';
import { PatternStore } from '../../../lambdas/patterns/pattern-store.ts';
import { PatternTrial } from '../../../lambdas/patterns/pattern-trial.ts';
import { HOUR_MS } from '../../../lambdas/shared/platform/clock.ts';
import { SeenSignals } from '../../../lambdas/signals/seen-signals.ts';
import { call } from '../../support/api.ts';
import { intercept } from '../../support/faults.ts';
import { createTestRuntime, createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import {
  createPipeline,
  decisionsOf,
  type DecisionSketch,
  logDecisions,
  memoryOf,
  plantedRule,
  storeDecisions,
} from '../consolidation/pipeline.ts';
import { randomOf } from './lifecycle/simulated-nights.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const { statePattern, getPattern, listPatterns } = patternRoutes;
const NOW = '2026-03-01T02:00:00.000Z';
const data = createUnrecordedRuntime({ now: NOW });
const store = new PatternStore(new Table(data.documents, tableName('memory')));
const environment = {
  AUTH_MODE: 'iam',
  DECISIONS_TABLE: tableName('decisions'),
  STATE_TABLE: tableName('state'),
  MEMORY_TABLE: tableName('memory'),
} as const;
const handler = createPatternsHandler(createTestRuntime('patterns', { now: NOW }), environment);

beforeAll(() => createTables());

const stated = {
  decisionType: 'SIGNAL_GENERATION',
  asserts: 'success',
  conditions: [{ path: 'market.trend', op: 'eq', value: 'up' }],
};
const put = (agentId: string, patternId: string, body: object) =>
  call(handler, statePattern, { params: { agentId, patternId }, body });
const read = async (agentId: string, patternId: string) =>
  (await call(handler, getPattern, { params: { agentId, patternId } })).body;

describe('stating a hypothesis', () => {
  it('answers with the numbers of the decisions there are, and settles nothing by them', async () => {
    await logDecisions(data, 'author', plantedRule(NOW));
    const { status, body } = await put('author', 'trend-is-friend', { ...stated, note: 'by heart' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      patternId: 'trend-is-friend',
      status: 'hypothesis',
      reason: 'collecting',
      note: 'by heart',
      n: 30,
      successes: 27,
      rate: 0.9,
      registered: { at: NOW, until: '2026-05-30T02:00:00.000Z', n: 0, evidence: 1, needed: 20 },
    });
    expect(await read('author', 'trend-is-friend')).toMatchObject({
      trend: [{ version: 1, status: 'hypothesis', asOf: NOW }],
    });
    const listed = await call(handler, listPatterns, {
      params: { agentId: 'author' },
      query: { status: 'hypothesis' },
    });
    expect(listed.body.items).toMatchObject([{ patternId: 'trend-is-friend' }]);
  });

  it('does nothing when the same is stated again, in whatever order; another statement needs another id', async () => {
    const two = {
      ...stated,
      conditions: [...stated.conditions, { path: 'asset', op: 'eq', value: 'BTC' }],
    };
    const { body: first } = await put('repeat', 'two', { ...two, action: 'buy' });
    expect(first.conditions).toHaveLength(3);
    const before = await memoryOf(data.documents, 'repeat');
    const buy = { path: 'action', op: 'eq', value: 'buy' };
    const again = await put('repeat', 'two', {
      ...stated,
      conditions: [buy, ...two.conditions.toReversed()],
    });
    expect(again).toMatchObject({ status: 200, body: first });
    expect(await memoryOf(data.documents, 'repeat')).toEqual(before);
    for (const change of [{ asserts: 'failure' }, { note: 'now with a note' }, { action: 'hold' }])
      expect((await put('repeat', 'two', { ...two, action: 'buy', ...change })).body.error).toMatchObject({
        code: 'Conflict',
      });
    const other = await put('repeat', 'other-name', { ...two, action: 'buy' });
    expect(other).toMatchObject({ status: 409, body: { error: { code: 'Conflict' } } });
    expect(other.body.error.message).toContain('two states this already');
  });

  it('says so when it was written down at another time, which lies not ahead', async () => {
    const statedAt = '2026-02-01T00:00:00.000Z';
    const { body } = await put('importer', 'old', { ...stated, statedAt });
    expect(body).toMatchObject({ statusSince: statedAt, registered: { at: statedAt, recordedAt: NOW } });
    expect((await put('importer', 'old', stated)).body).toEqual(body);
    expect((await put('importer', 'old', { ...stated, statedAt: NOW })).status).toBe(409);
    const ahead = await put('importer', 'new', { ...stated, statedAt: '2026-03-01T03:00:00Z' });
    expect(ahead.body.error.issues).toMatchObject([{ path: 'statedAt' }]);
  });

  it('is refused when it is known already, with the id of what says it', async () => {
    await logDecisions(data, 'knows', plantedRule(NOW));
    await createPipeline({ now: NOW }).run({ agentId: 'knows' });
    const [pattern] = (await store.ofAgent('knows')).filter(({ status }) => status === 'promoted');
    const { body } = await put('knows', 'mine', stated);
    expect(body.error.code).toBe('Conflict');
    expect(body.error.message).toContain(`${pattern!.patternId} states this already (promoted`);
  });

  it('takes what no decision is known of, and bounds by which somebody means them', async () => {
    const range = (min: number | null, max: number | null) => ({
      ...stated,
      decisionType: 'NEVER_MADE',
      conditions: [{ path: 'x', op: 'in_range', min, max }],
    });
    expect((await put('newcomer', 'above-5', range(5, null))).body).toMatchObject({ n: 0, lastSeen: null });
    expect((await put('newcomer', 'above-6', range(6, null))).status).toBe(200);
    expect((await put('newcomer', 'above-5-again', range(5, null))).status).toBe(409);
    expect((await put('newcomer', 'empty', range(6, 6))).body.error.issues).toMatchObject([
      { path: 'conditions.0.max' },
    ]);
  });

  it.each([
    ['PATTERN-0123456789abcdef', {}, 'patternId'],
    ['none', { conditions: [] }, 'conditions'],
    ['double', { conditions: [...stated.conditions, ...stated.conditions] }, 'conditions.1'],
    ['action', { conditions: [{ path: 'action', op: 'eq', value: 'buy' }], action: 'buy' }, 'action'],
    ['four', { conditions: ['a', 'b', 'c', 'd'].map((path) => ({ path, op: 'present' })) }, 'conditions'],
    ['long', { conditions: [{ path: 'a', op: 'eq', value: 'x'.repeat(129) }] }, 'conditions.0.value'],
    ['bin', { conditions: [{ path: 'a', op: 'in_range', min: 1, bin: 0 }] }, 'conditions.0.bin'],
  ])('names the field that is wrong: %s', async (patternId, change, path) => {
    const { status, body } = await put('wrong', patternId, { ...stated, ...change });
    expect(status).toBe(400);
    expect(body.error.issues[0].path).toBe(path);
  });

  it('lets one of two win that state the same at once, under one id or two', async () => {
    const both = await Promise.all([put('racer', 'a', stated), put('racer', 'b', stated)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    const same = await Promise.all([put('racer2', 'a', stated), put('racer2', 'a', stated)]);
    expect(same.map(({ status }) => status)).toEqual([200, 200]);
    expect(await store.ofAgent('racer')).toHaveLength(1);
    expect(await store.ofAgent('racer2')).toHaveLength(1);
  });

  it('says who was first when another took the statement in between', async () => {
    let beaten = false;
    const slow = createPatternsHandler(
      createTestRuntime('patterns', {
        now: NOW,
        documents: intercept(async (command, pass) => {
          if (command.constructor.name === 'TransactWriteCommand' && !beaten) {
            beaten = true;
            await put('beaten', 'first', stated);
          }
          return pass(command);
        }),
      }),
      environment,
    );
    const { status, body } = await call(slow, statePattern, {
      params: { agentId: 'beaten', patternId: 'second' },
      body: stated,
    });
    expect(status).toBe(409);
    expect(body.error.message).toBe('first states this already');
  });

  it('has a limit of what is open', async () => {
    const cases = new WindowCases(
      new DecisionWindow(new Table(data.documents, tableName('decisions'), data.clock)),
      new SeenSignals(new Table(data.documents, tableName('state'), data.clock)),
      defaultMiningSettings,
    );
    const registry = new AgentRegistry(new Table(data.documents, tableName('state'), data.clock));
    const small = new Hypotheses({
      store,
      trial: new PatternTrial(cases, data.clock, 10),
      registry,
      clock: data.clock,
      maxOpen: 1,
    });
    const body = { decisionType: 'T', asserts: 'success' as const };
    const one = await small.state('few', 'one', { ...body, conditions: [{ path: 'a', op: 'present' }] });
    expect(one.status).toBe('hypothesis');
    await expect(
      small.state('few', 'two', { ...body, conditions: [{ path: 'b', op: 'present' }] }),
    ).rejects.toThrow('1 hypotheses are open');
  });

  it('takes its first numbers from the newest decisions when there are too many to read', async () => {
    await logDecisions(data, 'busy', plantedRule(NOW));
    const cases = new WindowCases(
      new DecisionWindow(new Table(data.documents, tableName('decisions'), data.clock)),
      new SeenSignals(new Table(data.documents, tableName('state'), data.clock)),
      defaultMiningSettings,
    );
    const trial = new PatternTrial(cases, data.clock, 20);
    const statement = {
      decisionType: 'SIGNAL_GENERATION',
      asserts: 'success' as const,
      conditions: [{ path: 'market.trend', op: 'eq' as const, value: 'up' }],
    };
    const { finding } = await trial.glance('busy', statement, NOW);
    expect(finding.numbers.n).toBe(10);
  });
});

describe('a hypothesis over the nights', () => {
  const DAYS = 30;
  const night = (i: number) => new Date(Date.parse(NOW) + i * 24 * HOUR_MS).toISOString();

  /** Forty decisions a day: an upward trend does well, the colour of the candle means nothing. */
  function decisionsFrom(day: number, random: () => number): DecisionSketch[] {
    return Array.from({ length: 40 }, (_, i) => {
      const up = random() < 0.5;
      const success = random() < (up ? 0.75 : 0.45);
      return {
        context: { market: { trend: up ? 'up' : 'down' }, candle: random() < 0.5 ? 'green' : 'red' },
        status: success ? ('success' as const) : ('failure' as const),
        timestamp: new Date(Date.parse(night(day)) + (i + 1) * 0.5 * HOUR_MS).toISOString(),
      };
    });
  }

  it('is confirmed or refuted with a reason and its numbers, by what came after it was stated', async () => {
    const agentId = 'nightly';
    const random = randomOf(11);
    const pipeline = createPipeline({ now: NOW });
    await put(agentId, 'green-wins', {
      ...stated,
      conditions: [{ path: 'candle', op: 'eq', value: 'green' }],
    });
    await put(agentId, 'up-in-any-colour', {
      ...stated,
      conditions: [
        { path: 'market.trend', op: 'eq', value: 'up' },
        { path: 'candle', op: 'eq', value: 'green' },
      ],
    });
    await put(agentId, 'up-wins', stated);
    const first: Record<string, number> = {};
    for (let day = 0; day < DAYS; day++) {
      const sketches = decisionsFrom(day, random);
      const decisions = decisionsOf(agentId, sketches, night(day + 1));
      await storeDecisions(data.documents, decisions);
      pipeline.setTime(night(day + 1));
      const run = await pipeline.run({ agentId });
      expect(run.status).toBe('SUCCEEDED');
      if (day === 0) {
        const now = await read(agentId, 'green-wins');
        expect(now).toMatchObject({ status: 'hypothesis', reason: 'collecting' });
        expect(now.registered.n).toBe(now.n);
      }
      for (const { patternId, status } of await store.ofAgent(agentId))
        if (status !== 'hypothesis' && status !== 'candidate') first[patternId] ??= day + 1;
    }
    const up = await read(agentId, 'up-wins');
    expect(up).toMatchObject({ status: 'promoted' });
    expect(up.registered.at).toBe(NOW);
    const green = await read(agentId, 'green-wins');
    expect(green).toMatchObject({ status: 'retired', reason: 'refuted' });
    expect(green.registered.evidenceAgainst).toBeGreaterThanOrEqual(20);
    expect(green.trend.at(-1)).toMatchObject({ status: 'hypothesis' });
    expect(green.trend[0]).toMatchObject({ status: 'retired', reason: 'refuted' });
    // true only because a part of it is
    const both = await read(agentId, 'up-in-any-colour');
    expect(['refuted', 'explained_by_other', 'explained_by_parts', 'collecting']).toContain(both.reason);
    expect(both.status).not.toBe('promoted');
    // what mining would have called by a name of its own is the stated pattern
    const promoted = (await store.ofAgent(agentId)).filter(
      ({ status, asserts }) => status === 'promoted' && asserts === 'success',
    );
    expect(promoted.map(({ patternId }) => patternId)).toEqual(['up-wins']);
    const before = await memoryOf(data.documents, agentId);
    await pipeline.run({ agentId });
    expect(await memoryOf(data.documents, agentId)).toEqual(before);
  });

  it('is given up when its days are over without a verdict', async () => {
    const pipeline = createPipeline({ now: NOW });
    await put('rare', 'never-seen', { ...stated, conditions: [{ path: 'comet', op: 'present' }] });
    await pipeline.run({ agentId: 'rare' });
    expect(await read('rare', 'never-seen')).toMatchObject({ status: 'hypothesis', n: 0 });
    const end = '2026-05-31T02:00:00.000Z';
    pipeline.setTime(end);
    await pipeline.run({});
    expect(await read('rare', 'never-seen')).toMatchObject({
      status: 'retired',
      reason: 'undecided',
      statusSince: end,
    });
  });
});
