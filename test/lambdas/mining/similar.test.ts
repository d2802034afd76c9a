import { describe, expect, it } from '@jest/globals';
import type { Known } from '../../../lambdas/mining/types.ts';
import { featuresOf, minerOf, seeded, START } from './case-generator.ts';

const eq = (path: string) => [{ path, op: 'eq' as const, value: 'BTC' }];

/** A symbol that is logged under two names; `slip` of the decisions have it under the second name only. */
function twiceLogged(slip: number, seed = 1) {
  const random = seeded(seed);
  return Array.from({ length: 600 }, (_, i) => {
    const btc = random() < 0.4;
    const slipped = random() < slip;
    return {
      decisionId: `D-${String(i).padStart(5, '0')}`,
      time: START + i * 3_600_000,
      success: random() < (btc ? 0.8 : 0.45),
      features: featuresOf({
        'market.symbol': btc ? 'BTC' : 'ETH',
        symbol: btc !== slipped ? 'BTC' : 'ETH',
        side: random() < 0.5 ? 'long' : 'short',
      }),
    };
  });
}

const promotedIn = (slip: number, known: readonly Known[] = []) =>
  minerOf(twiceLogged(slip))
    .mine(known)
    .findings.filter(({ verdict, asserts }) => verdict === 'promote' && asserts === 'success');

describe('two fields that say the same', () => {
  it('make one pattern, which names the other wording', () => {
    const promoted = promotedIn(0);
    expect(promoted).toHaveLength(1);
    const others = ['market.symbol', 'symbol'].filter((path) => path !== promoted[0]!.conditions[0]!.path);
    expect(promoted[0]!.sameAs).toEqual([
      { patternId: expect.stringMatching(/^PATTERN-/), conditions: eq(others[0]!) },
    ]);
  });

  it('also when one of them is off now and then; the one that is known stays, whichever is stronger tonight', () => {
    const [stronger] = promotedIn(0.02);
    const [weaker] = stronger!.sameAs!;
    const known = [{ asserts: 'success' as const, conditions: weaker!.conditions, incumbent: true }];
    const [stays, ...more] = promotedIn(0.02, known);
    expect(more).toEqual([]);
    expect(stays).toMatchObject({ patternId: weaker!.patternId, reason: 'significant' });
    expect(stays).not.toHaveProperty('explainedBy');
    expect(stays!.sameAs).toContainEqual({
      patternId: stronger!.patternId,
      conditions: stronger!.conditions,
    });
  });

  it('are two things when they differ on more than a tenth: the weaker is explained, not the same', () => {
    const [promoted] = promotedIn(0.2);
    expect(promoted).not.toHaveProperty('sameAs');
  });

  it('are found to be the same when one is tested alone beside the other', () => {
    const miner = minerOf(twiceLogged(0.02));
    const [rule] = miner.mine().findings;
    const [same] = rule!.sameAs!;
    const [finding] = miner.test([{ asserts: 'success', conditions: same!.conditions }], [rule!]);
    expect(finding).toMatchObject({ reason: 'same_as_other', explainedBy: rule!.patternId });
  });
});
