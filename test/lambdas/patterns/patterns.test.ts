import { beforeAll, describe, expect, it } from '@jest/globals';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { patternRoutes } from '../../../lambdas/patterns/contract.ts';
import { createPatternsHandler } from '../../../lambdas/patterns/patterns.lambda.ts';
import type { Pattern } from '../../../lambdas/patterns/pattern.ts';
import { PatternStore } from '../../../lambdas/patterns/pattern-store.ts';
import { PatternTrial } from '../../../lambdas/patterns/pattern-trial.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import { WindowCases } from '../../../lambdas/cases/window-cases.ts';
import { DecisionWindow } from '../../../lambdas/decisions/decision-window.ts';
import { decisionKey } from '../../../lambdas/decisions/table.ts';
import type { Decision } from '../../../lambdas/decisions/decision.ts';
import { SeenSignals } from '../../../lambdas/signals/seen-signals.ts';
import { call, type CallInput } from '../../support/api.ts';
import { alwaysThrows, faults } from '../../support/faults.ts';
import {
  createTestRuntime,
  createUnrecordedRuntime,
  type TestRuntimeOptions,
} from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createPipeline, logDecisions, plantedRule } from '../consolidation/pipeline.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const { listPatterns, getPattern, listEvidence, matchPatterns, testPattern } = patternRoutes;
const NOW = '2026-03-01T02:00:00.000Z';
const agentId = 'hunter';
const data = createUnrecordedRuntime({ now: NOW });
const store = new PatternStore(new Table(data.documents, tableName('memory')));

const createHandler = (documents?: TestRuntimeOptions['documents'], now = NOW) =>
  createPatternsHandler(createTestRuntime('patterns', { now, documents }), {
    AUTH_MODE: 'iam',
    DECISIONS_TABLE: tableName('decisions'),
    STATE_TABLE: tableName('state'),
    MEMORY_TABLE: tableName('memory'),
  });
const handler = createHandler();

let decisions: Decision[];
let pattern: Pattern;

beforeAll(async () => {
  await createTables();
  decisions = await logDecisions(data, agentId, plantedRule(NOW));
  await createPipeline({ now: NOW }).run({ agentId });
  pattern = (await store.ofAgent(agentId)).find(({ status }) => status === 'promoted')!;
});

describe('the list of patterns', () => {
  it('shows what is promoted; with status=all everything, highest confidence first', async () => {
    const promoted = await call(handler, listPatterns, { params: { agentId } });
    expect(promoted.body).toMatchObject({
      items: [{ patternId: pattern.patternId, status: 'promoted', n: 30, successes: 27 }],
      nextToken: null,
      consistency: 'eventual',
    });
    const all = await call(handler, listPatterns, { params: { agentId }, query: { status: 'all' } });
    const confidences = all.body.items.map(({ confidence }: Pattern) => confidence);
    expect(confidences).toEqual([...confidences].sort((a, b) => b - a));
    expect(confidences.length).toBe((await store.ofAgent(agentId)).length);
  });

  it('pages through what the filters leave, without loss or repetition', async () => {
    const many = Array.from({ length: 130 }, (_, i): Pattern => ({
      ...pattern,
      agentId: 'many',
      patternId: `PATTERN-${String(i).padStart(16, '0')}`,
      confidence: (i % 50) / 100,
      status: i % 3 === 0 ? 'promoted' : 'candidate',
    }));
    for (const one of many) await store.save(one);
    const seen: string[] = [];
    let nextToken: string | null = null;
    do {
      const { body } = await call(handler, listPatterns, {
        params: { agentId: 'many' },
        query: { maxResults: '7', minConfidence: '0.1', ...(nextToken && { nextToken }) },
      });
      seen.push(...body.items.map(({ patternId }: Pattern) => patternId));
      nextToken = body.nextToken;
    } while (nextToken);
    const expected = many.filter(({ status, confidence }) => status === 'promoted' && confidence >= 0.1);
    expect([...seen].sort()).toEqual(expected.map(({ patternId }) => patternId).sort());
    const other = await call(handler, listPatterns, {
      params: { agentId: 'many' },
      query: { status: 'all', maxResults: '1' },
    });
    const stolen = await call(handler, listPatterns, {
      params: { agentId },
      query: { status: 'all', nextToken: other.body.nextToken },
    });
    expect(stolen.body.error.issues).toEqual([{ path: 'nextToken', message: 'belongs to another query' }]);
  });
});

describe('one pattern', () => {
  it('carries its proof and its versions', async () => {
    const { body } = await call(handler, getPattern, { params: { agentId, patternId: pattern.patternId } });
    expect(body.explain.comparisons[0]).toMatchObject({
      against: 'others',
      table: [
        [27, 3],
        [6, 24],
      ],
    });
    expect(body.pValue).toBe(Math.max(...body.explain.comparisons.map((c: { pValue: number }) => c.pValue)));
    expect(body.explain.refutedBy).toMatch(/\d/);
    expect(body.trend).toMatchObject([{ version: 1, status: 'promoted', rate: 0.9, asOf: NOW }]);
  });

  it("is not found under another agent's name", async () => {
    for (const route of [getPattern, listEvidence]) {
      const { body } = await call(handler, route, {
        params: { agentId: 'other', patternId: pattern.patternId },
      });
      expect(body.error.code).toBe('NotFound');
    }
  });
});

describe('the evidence of a pattern', () => {
  const readAll = async (maxResults: string) => {
    const items: { decisionId: string; timestamp: string; status: string; source: string }[] = [];
    let nextToken: string | null = null;
    do {
      const { body } = await call(handler, listEvidence, {
        params: { agentId, patternId: pattern.patternId },
        query: { maxResults, ...(nextToken && { nextToken }) },
      });
      items.push(...body.items);
      nextToken = body.nextToken;
    } while (nextToken);
    return items;
  };

  it.each(['1', '7', '30', '100'])('holds exactly the n decisions, in pages of %s', async (maxResults) => {
    const items = await readAll(maxResults);
    expect(items).toHaveLength(pattern.n);
    expect(items.filter(({ status }) => status === 'success')).toHaveLength(pattern.successes);
    expect(new Set(items.map(({ decisionId }) => decisionId)).size).toBe(pattern.n);
    const times = items.map(({ timestamp }) => timestamp);
    expect(times).toEqual([...times].sort().reverse());
    expect(items.every(({ source }) => source === 'decision')).toBe(true);
  });

  it('goes on with the digests of what is older than the window', async () => {
    const old = { decisionId: 'OLD-1', timestamp: '2025-11-01T00:00:00.000Z', status: 'success' as const };
    const kept = await store.digests(agentId, pattern.patternId);
    await store.saveDigests(agentId, pattern.patternId, [...kept, old]);
    for (const size of ['30', '31', '4']) {
      const items = await readAll(size);
      expect(items).toHaveLength(31);
      expect(items.at(-1)).toEqual({ ...old, source: 'digest' });
    }
    await store.saveDigests(agentId, pattern.patternId, kept);
  });
});

describe('match', () => {
  const match = async (body: unknown) =>
    (await call(handler, matchPatterns, { params: { agentId }, body })).body.items as Pattern[];

  it('answers a situation with the promoted patterns that hold in it', async () => {
    const up = { market: { trend: 'up' } };
    expect(await match({ decisionType: 'SIGNAL_GENERATION', context: up })).toMatchObject([
      { patternId: pattern.patternId, n: 30, rate: 0.9, description: pattern.description },
    ]);
    expect(await match({ context: up })).toHaveLength(1);
    expect(await match({ decisionType: 'OTHER', context: up })).toEqual([]);
    expect(await match({ context: { market: { trend: 'down' } } })).toEqual([]);
  });

  it('knows nothing before a night and what was learned right after it, in one warm instance', async () => {
    const params = { agentId: 'fresh' };
    const body = { context: { market: { trend: 'up' } } };
    expect((await call(handler, matchPatterns, { params, body })).body.items).toEqual([]);
    const pipeline = createPipeline({ now: NOW });
    await pipeline.run({ agentId }); // another agent's night
    await logDecisions(data, 'fresh', plantedRule(NOW));
    await pipeline.run({ agentId: 'fresh' });
    expect((await call(handler, matchPatterns, { params, body })).body.items).toHaveLength(1);
  });

  it('refuses a time that lies ahead', async () => {
    const { body } = await call(handler, matchPatterns, {
      params: { agentId },
      body: { context: {}, timestamp: '2026-03-01T02:06:00Z' },
    });
    expect(body.error.issues).toMatchObject([{ path: 'timestamp' }]);
  });
});

describe('test', () => {
  const stated = {
    decisionType: 'SIGNAL_GENERATION',
    asserts: 'success',
    conditions: [{ path: 'market.trend', op: 'eq', value: 'up' }],
  };

  it('says the numbers a night would have said, and stores nothing', async () => {
    const before = await store.ofAgent(agentId);
    const { body } = await call(handler, testPattern, { params: { agentId }, body: stated });
    for (const name of ['patternId', 'n', 'successes', 'rate', 'baseline', 'confidence', 'pValue'] as const)
      expect([name, body[name]]).toEqual([name, pattern[name]]);
    expect(body).toMatchObject({ significant: true, qValue: null, resolved: 60, windowDays: 90, asOf: NOW });
    expect(body.explain).toEqual(pattern.explain);
    expect(await store.ofAgent(agentId)).toEqual(before);
  });

  it('answers also for what never happened', async () => {
    const never = { ...stated, conditions: [{ path: 'no.such', op: 'in_range', min: 1 }] };
    const { body } = await call(handler, testPattern, { params: { agentId }, body: never });
    expect(body).toMatchObject({ n: 0, successes: 0, significant: false });
  });

  it('refuses a type without an outcome, conditions it cannot read, and a time ahead', async () => {
    const refused = async (change: object) =>
      (await call(handler, testPattern, { params: { agentId }, body: { ...stated, ...change } })).body.error;
    expect(await refused({ decisionType: 'NOTHING' })).toMatchObject({ issues: [{ path: 'decisionType' }] });
    expect(await refused({ asOf: '2027-01-01T00:00:00Z' })).toMatchObject({ issues: [{ path: 'asOf' }] });
    expect((await refused({ conditions: [] })).code).toBe('ValidationFailed');
    expect((await refused({ conditions: [{ path: 'a', op: 'like', value: 'x' }] })).issues[0].path).toMatch(
      /^conditions\.0/,
    );
  });

  it('refuses more decisions than one request can read', async () => {
    const cases = new WindowCases(
      new DecisionWindow(new Table(data.documents, tableName('decisions'), data.clock)),
      new SeenSignals(new Table(data.documents, tableName('state'), data.clock)),
      defaultMiningSettings,
    );
    const small = new PatternTrial(cases, data.clock, 59);
    await expect(
      small.test(agentId, {
        decisionType: 'SIGNAL_GENERATION',
        asserts: 'success',
        conditions: [{ path: 'market.trend', op: 'eq', value: 'up' }],
      }),
    ).rejects.toMatchObject({ issues: [{ path: 'windowDays' }] });
  });

  it('moves with the decisions there are', async () => {
    await data.documents.send(
      new DeleteCommand({ TableName: tableName('decisions'), Key: decisionKey(decisions[0]!)! }),
    );
    const { body } = await call(handler, testPattern, { params: { agentId }, body: stated });
    expect(body).toMatchObject({ n: 29, successes: 26, resolved: 59 });
  });
});

const patternId = 'PATTERN-3f9a0c6d2b7e41d8';
const calls: readonly (readonly [keyof typeof patternRoutes, CallInput])[] = [
  ['listPatterns', { params: { agentId } }],
  ['getPattern', { params: { agentId, patternId } }],
  [
    'statePattern',
    {
      params: { agentId, patternId: 'stated' },
      body: { decisionType: 'T', asserts: 'success', conditions: [{ path: 'a', op: 'present' }] },
    },
  ],
  ['listEvidence', { params: { agentId, patternId } }],
  ['getSharing', { params: { agentId, patternId } }],
  ['putSharing', { params: { agentId, patternId }, body: { with: 'all' } }],
  ['matchPatterns', { params: { agentId }, body: { context: {} } }],
  [
    'testPattern',
    {
      params: { agentId },
      body: { decisionType: 'T', asserts: 'success', conditions: [{ path: 'a', op: 'present' }] },
    },
  ],
];

describe.each(calls)('%s', (name, input) => {
  const route = patternRoutes[name];

  it('refuses a caller without an identity, and unknown query fields', async () => {
    expect((await call(handler, route, { ...input, caller: null })).status).toBe(403);
    const { body } = await call(handler, route, { ...input, query: { deep: 'true' } });
    expect(body.error.issues).toMatchObject([{ path: 'deep' }]);
  });

  it.each(faults)('answers %s without saying what went wrong inside', async (code, error) => {
    const { body } = await call(createHandler(alwaysThrows(error)), route, input);
    expect(body.error.code).toBe(code);
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  if (input.body)
    it('refuses a body over the limit', async () => {
      const { body } = await call(handler, route, { ...input, rawBody: `"${'x'.repeat(1 << 20)}"` });
      expect(body.error.code).toBe('TooLarge');
    });
});
