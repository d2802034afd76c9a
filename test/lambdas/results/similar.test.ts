import { BatchGetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import { contextFeatures } from '../../../lambdas/results/past-cases.ts';
import { scalesOf, situationDistance } from '../../../lambdas/results/situation-distance.ts';
import { intercept } from '../../support/faults.ts';
import { createTables } from '../../support/tables.ts';
import { logDecisions } from '../consolidation/pipeline.ts';
import { createDesk, createPerformance, resolved } from './support.ts';

beforeAll(() => createTables());

const situationOf = (trend: string, volatility: number, tags: string[] = []) => ({
  market: { trend, volatility },
  tags,
});

describe('similar past cases', () => {
  const desk = createDesk('2026-03-04T12:00:00.000Z');
  const agentId = 'hunter';
  const find = (body: Record<string, unknown>) => desk.post('findSimilar', agentId, body);
  const ids = new Map<string, string>();
  const namesOf = ({ items }: { items: { decisionId: string }[] }) =>
    items.map(({ decisionId }) => [...ids].find(([, id]) => id === decisionId)?.[0]);

  beforeAll(async () => {
    const rows: [string, Record<string, unknown>][] = [
      [
        'same',
        resolved('2026-02-01T10:00:00Z', 5, { context: situationOf('up', 0.2, ['a', 'b']), action: 'buy' }),
      ],
      [
        'near',
        resolved('2026-02-02T10:00:00Z', -1, { context: situationOf('up', 0.25, ['a', 'b']), action: 'buy' }),
      ],
      [
        'half',
        resolved('2026-02-03T10:00:00Z', 2, { context: situationOf('up', 0.2, ['a']), action: 'sell' }),
      ],
      [
        'other',
        resolved('2026-02-04T10:00:00Z', 2, { context: situationOf('down', 0.9, ['c']), action: 'buy' }),
      ],
      [
        'voided',
        resolved('2026-02-05T10:00:00Z', 2, {
          context: situationOf('up', 0.2, ['a', 'b']),
          outcome: { status: 'voided' },
        }),
      ],
      [
        'eth',
        resolved('2026-02-06T10:00:00Z', 2, {
          decisionType: 'HEDGE',
          context: { ...situationOf('flat', 0.4), symbol: 'IGNORED' },
          outcome: { trade: { symbol: 'ETH', side: 'long', pnl: 2 } },
        }),
      ],
      [
        'pending',
        {
          decisionType: 'HEDGE',
          timestamp: '2026-02-07T10:00:00Z',
          context: { ...situationOf('flat', 0.4), symbol: 'ADA' },
        },
      ],
    ];
    const logged = await desk.log(
      agentId,
      rows.map(([, row]) => row),
    );
    rows.forEach(([name], i) => ids.set(name, logged[i]!));
  });

  it('are the nearest by numbers, categories and sets, with what became of them in a line', async () => {
    const found = await find({ situation: situationOf('up', 0.2, ['a', 'b']), topK: 4 });
    expect(namesOf(found)).toEqual(['same', 'near', 'half', 'eth']);
    const [same, near, half] = found.items;
    // quartiles of volatility lie at 0.2 and 0.4
    expect(same.distance).toBe(0);
    expect(near.distance).toBeCloseTo(0.05 / (2 * 0.2) / 3, 9);
    expect(half.distance).toBeCloseTo(0.5 / 3, 9);
    expect(same).toMatchObject({ status: 'success', outcome: { metrics: { pnl: 5 } }, differences: [] });
    expect(same.summary).toBe('2026-02-01 TRADE_EXECUTION buy: success, +5; in the same situation');
    expect(near.summary).toBe(
      '2026-02-02 TRADE_EXECUTION buy: failure, -1; other in market.volatility 0.25, asked 0.2',
    );
    expect(half.differences).toEqual([{ path: 'tags', asked: ['a', 'b'], found: ['a'], distance: 0.5 }]);
    expect(found).toMatchObject({
      considered: 5,
      truncated: false,
      outcomes: { n: 4, successes: 3, rate: 0.75 },
    });
  });

  it('are exactly of the action, symbol and type asked for', async () => {
    const situation = situationOf('up', 0.2, ['a', 'b']);
    expect(namesOf(await find({ situation, action: 'sell' }))).toEqual(['half']);
    expect(namesOf(await find({ situation, symbol: 'ETH' }))).toEqual(['eth']);
    expect(namesOf(await find({ situation, decisionType: 'HEDGE' }))).toEqual(['eth']);
    expect(await find({ situation, symbol: 'IGNORED' })).toMatchObject({
      items: [],
      outcomes: { n: 0, rate: null, interval: null },
    });
  });

  it('weigh what they are told to', async () => {
    const situation = situationOf('down', 0.2, ['a', 'b']);
    expect(namesOf(await find({ situation, topK: 1 }))).toEqual(['same']);
    expect(namesOf(await find({ situation, topK: 1, weights: { 'market.trend': 10 } }))).toEqual(['other']);
    const refused = async (body: Record<string, unknown>) => (await find(body)).error.issues[0].path;
    expect(await refused({ situation, weights: { 'market.mood': 1 } })).toBe('weights.market.mood');
    expect(await refused({ situation: { a: 1 }, weights: { a: 0 } })).toBe('weights');
    expect(await refused({ situation: { a: null } })).toBe('situation');
    expect(await refused({ situation, topK: 51 })).toBe('topK');
    expect(await refused({ situation, symbol: '' })).toBe('symbol');
  });

  it('are as they are now: resolved, corrected, voided a moment ago', async () => {
    const situation = situationOf('flat', 0.4);
    expect(namesOf(await find({ situation, symbol: 'ADA' }))).toEqual([]);
    await desk.outcome(agentId, ids.get('pending')!, { status: 'success' });
    expect(namesOf(await find({ situation, symbol: 'ADA' }))).toEqual(['pending']);
    await desk.outcome(agentId, ids.get('eth')!, { status: 'success', metrics: { pnl: 77 } });
    // an outcome without a trade: the context's symbol counts now
    expect(namesOf(await find({ situation, symbol: 'IGNORED' }))).toEqual(['eth']);
    const trade = { symbol: 'SOL', side: 'long', pnl: 2 };
    await desk.outcome(agentId, ids.get('eth')!, { status: 'success', trade });
    expect(namesOf(await find({ situation, symbol: 'SOL' }))).toEqual(['eth']);
    expect(namesOf(await find({ situation, symbol: 'ETH' }))).toEqual([]);
    await desk.outcome(agentId, ids.get('pending')!, { status: 'voided' });
    expect(namesOf(await find({ situation, symbol: 'ADA' }))).toEqual([]);
    const [backdated] = await desk.log(agentId, [
      resolved('2026-01-01T00:00:00Z', 1, { context: { ...situation, symbol: 'ADA' } }),
    ]);
    expect((await find({ situation, symbol: 'ADA' })).items).toMatchObject([
      { decisionId: backdated, distance: 0 },
    ]);
  });

  it('on a tie the later day comes first, then the more confident, then the later', async () => {
    const tied = (timestamp: string, confidence?: number) =>
      resolved(timestamp, 1, {
        context: { tied: true },
        ...(confidence !== undefined && { reasoning: { confidence } }),
      });
    const logged = await desk.log('tied', [
      tied('2026-02-01T23:00:00Z', 0.9),
      tied('2026-02-02T08:00:00Z', 0.9),
      tied('2026-02-02T09:00:00Z', 0.3),
      tied('2026-02-02T10:00:00Z'),
      tied('2026-02-02T11:00:00Z', 0.3),
    ]);
    const { items } = await desk.post('findSimilar', 'tied', { situation: { tied: true } });
    expect(items.map(({ decisionId }: { decisionId: string }) => logged.indexOf(decisionId))).toEqual([
      1, 4, 2, 3, 0,
    ]);
  });

  it('read contexts once, then what is listed now and what is shown', async () => {
    const commands: string[] = [];
    const counting = intercept(async (command, pass) => {
      commands.push(
        command instanceof QueryCommand
          ? (command.input.IndexName ?? 'base')
          : command instanceof BatchGetCommand
            ? 'keys'
            : 'other',
      );
      return pass(command);
    });
    const { post } = createPerformance({ now: '2026-03-04T12:00:00.000Z', documents: counting });
    await desk.log(
      'busy',
      Array.from({ length: 80 }, (_, i) =>
        resolved(new Date(Date.parse('2026-02-01') + i * 60_000).toISOString(), 1, { context: { i } }),
      ),
    );
    const situation = { i: 3 };
    const first = await post('findSimilar', 'busy', { situation, topK: 2 });
    expect(commands.splice(0)).toEqual(['timeline', 'base', 'keys']);
    expect(await post('findSimilar', 'busy', { situation, topK: 2 })).toEqual(first);
    expect(commands.splice(0)).toEqual(['timeline', 'keys']);
  });

  it('reach back beyond the newest thousand when asked to', async () => {
    const old = resolved('2025-12-01T00:00:00Z', 3, { context: { x: 'old' } });
    const [oldest] = await desk.log('archivist', [old]);
    await logDecisions(
      desk.runtime,
      'archivist',
      Array.from({ length: 1000 }, (_, i) => ({
        context: { x: 'new' },
        decisionType: 'TRADE_EXECUTION',
        status: 'success' as const,
        timestamp: new Date(Date.parse('2026-01-01') + i * 60_000).toISOString(),
      })),
    );
    const ask = (includeOlder: boolean) =>
      desk.post('findSimilar', 'archivist', { situation: { x: 'old' }, topK: 1, includeOlder });
    expect((await ask(false)).items[0].distance).toBe(1);
    const all = await ask(true);
    expect(all.items[0]).toMatchObject({ decisionId: oldest, distance: 0 });
    expect(all.considered).toBe(1001);
  });
});

describe('the distance of situations', () => {
  const features = (context: Record<string, unknown>) => contextFeatures(context, defaultMiningSettings);
  const context = fc.record(
    {
      number: fc.double({ min: -100, max: 100, noNaN: true }),
      text: fc.constantFrom('a', 'b', 'c'),
      flag: fc.boolean(),
      set: fc.uniqueArray(fc.constantFrom('x', 'y', 'z'), { minLength: 1 }),
    },
    { requiredKeys: [] },
  );

  it('lies between 0 and 1, is 0 from itself, and the same both ways where both have the same paths', () => {
    fc.assert(
      fc.property(fc.array(context, { minLength: 2, maxLength: 12 }), (contexts) => {
        const all = contexts.map(features);
        const scales = scalesOf(['number'], all);
        const distance = (a: number, b: number) => situationDistance(all[a]!, all[b]!, scales, () => 1);
        expect(distance(0, 0)).toBe(0);
        expect(distance(0, 1)).toBeGreaterThanOrEqual(0);
        expect(distance(0, 1)).toBeLessThanOrEqual(1);
        const paths = (i: number) => [...all[i]!.keys()].sort().join();
        if (paths(0) === paths(1)) expect(distance(0, 1)).toBeCloseTo(distance(1, 0), 12);
      }),
    );
  });

  it('takes what is absent, or of another type, for as far as can be', () => {
    const asked = features({ a: 1, b: 'x' });
    const scales = new Map([['a', 10]]);
    expect(situationDistance(asked, features({ b: 'x' }), scales, () => 1)).toBe(0.5);
    expect(situationDistance(asked, features({ a: '1', b: 'x', c: 9 }), scales, () => 1)).toBe(0.5);
    expect(situationDistance(asked, features({ a: 11, b: 'x' }), scales, () => 1)).toBe(0.25);
    expect(
      situationDistance(asked, features({ a: 1000, b: 'x' }), scales, (path) => (path === 'a' ? 3 : 1)),
    ).toBe(0.75);
  });

  it('is not made small by one outlier', () => {
    const all = [1, 2, 3, 4, 5, 1e6].map((a) => features({ a }));
    expect(
      situationDistance(features({ a: 1 }), features({ a: 5 }), scalesOf(['a'], all), () => 1),
    ).toBeGreaterThan(0.5);
    expect(scalesOf(['a'], [features({ a: 3 }), features({ a: 3 })]).size).toBe(0);
  });
});
