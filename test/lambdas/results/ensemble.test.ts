import { beforeAll, describe, expect, it } from '@jest/globals';
import { createTables } from '../../support/tables.ts';
import { createDesk, resolved } from './support.ts';

beforeAll(() => createTables());

describe('the weights of an agent’s providers', () => {
  const desk = createDesk();
  const agentId = 'ensemble';
  const weights = async (query?: Record<string, string>) => {
    const { items } = await desk.ask('getProviderWeights', agentId, query);
    return Object.fromEntries(items.map((item: { provider: string }) => [item.provider, item]));
  };

  beforeAll(async () => {
    const vote = (hour: number, won: boolean, regime: string) =>
      resolved(new Date(Date.parse('2026-03-01T00:00:00Z') + hour * 3_600_000).toISOString(), won ? 1 : -1, {
        action: 'buy',
        outcome: {
          regime,
          providers: [
            { provider: 'herd', vote: 'buy', confidence: 0.9 },
            { provider: 'contrary', vote: 'sell' },
            { provider: 'silent', vote: 'abstain' },
          ],
        },
      });
    await desk.log(agentId, [
      ...Array.from({ length: 30 }, (_, i) => vote(i, i % 10 !== 0, 'bull')),
      ...Array.from({ length: 30 }, (_, i) => vote(30 + i, i % 3 === 0, 'bear')),
      resolved('2026-03-03T20:00:00Z', 1, { outcome: { provider: 'new' } }),
      resolved('2026-03-03T21:00:00Z', 1),
    ]);
  });

  it('say how often each was right: for what succeeded, or against what failed', async () => {
    const found = await weights();
    expect(found['herd']).toMatchObject({ n: 60, right: 37, rate: 37 / 60 });
    expect(found['contrary']).toMatchObject({ n: 60, right: 23 });
    expect(found['new']).toMatchObject({ n: 1, right: 1 });
    expect(found['silent']).toBeUndefined();
    expect(found['herd'].weight).toBeGreaterThan(found['new'].weight);
    expect(found['new'].weight).toBeGreaterThan(found['contrary'].weight);
    const sum = Object.values(found).reduce(
      (total: number, item) => total + (item as { weight: number }).weight,
      0,
    );
    expect(sum).toBeCloseTo(3, 9);
  });

  it('differ by regime, and fall back on what is known everywhere', async () => {
    const bull = await weights({ regime: 'bull' });
    const bear = await weights({ regime: 'bear' });
    expect(bull['herd']).toMatchObject({ n: 30, right: 27 });
    expect(bull['herd'].weight).toBeGreaterThan(bear['herd'].weight);
    expect(bear['contrary'].weight).toBeGreaterThan(1);
    const unknown = await weights({ regime: 'sideways' });
    expect(unknown['herd']).toMatchObject({ n: 0, rate: null, interval: null });
    expect(unknown['herd'].expectedError).toBeCloseTo((await weights())['herd'].expectedError, 12);
  });

  it('are of those who are asked about, equal where nothing is known', async () => {
    const two = await weights({ providers: 'x,y' });
    expect(Object.values(two)).toMatchObject([
      { provider: 'x', n: 0, rate: null, weight: expect.closeTo(1, 9) },
      { provider: 'y', n: 0, rate: null, weight: expect.closeTo(1, 9) },
    ]);
    // What is expected of one that nothing is known of is the error of all, whoever else is asked about.
    const beside = await weights({ providers: 'herd,x' });
    expect(beside['x'].expectedError).toBeCloseTo(two['x'].expectedError, 12);
    expect(await desk.ask('getProviderWeights', 'nobody')).toMatchObject({ items: [] });
    const refused = await desk.ask('getProviderWeights', agentId, { providers: 'x,x' });
    expect(refused.error.issues[0].path).toMatch(/^providers/);
  });
});
