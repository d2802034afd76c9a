import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { correctByExtension, levelShare } from '../../../lambdas/mining/judging/correction.ts';
import { expectedZ, type TwoByTwo } from '../../../lambdas/mining/statistics/two-by-two.ts';
import { figuresOf, logsOf } from '../../support/patterns/cells.ts';
import { judgeFinding } from '../../support/patterns/logs.ts';
import { minerOf, service } from '../../support/patterns/methods.ts';

/** Seeded logs with known truth: each figure is the same in every run. The bench has more of them. */
describe('what is promoted', () => {
  it('is hardly ever anything where nothing has an effect', () => {
    const { anything } = figuresOf({ conditions: 0, effect: 0, decisions: 300, base: 0.5 }, 40, service);
    expect(anything).toBeLessThanOrEqual(0.05);
  });

  it('is the rule with exactly its conditions', () => {
    const one = figuresOf({ conditions: 1, effect: 0.25, decisions: 1000, base: 0.5 }, 12, service);
    expect(one.recall).toBeGreaterThanOrEqual(0.95);
    const three = figuresOf({ conditions: 3, effect: 0.35, decisions: 5000, base: 0.5 }, 5, service);
    expect(three.recall).toBe(1);
    expect(one.wrong + three.wrong).toBeLessThanOrEqual(3);
  });

  it('is never a bystander, also where the rule itself is not found', () => {
    for (const decisions of [300, 1000]) {
      const options = { conditions: 1, effect: 0.25, decisions, base: 0.5, copied: 0.8 };
      expect(figuresOf(options, 15, service).bystanders).toBe(0);
    }
  });

  it('is no longer a rule whose effect ended halfway', () => {
    const options = { conditions: 1, effect: 0.35, decisions: 5000, base: 0.5, course: 'stops' } as const;
    expect(figuresOf(options, 6, service).anything).toBe(0);
  });
});

describe('a look at decisions most of which were looked at before', () => {
  it('spends what is new of the level, at least a twentieth and at most all', () => {
    expect([levelShare(0), levelShare(0.5), levelShare(1), levelShare(1.5)]).toEqual([0.05, 0.5, 1, 1]);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (share) => {
        expect(levelShare(share)).toBeGreaterThanOrEqual(share);
        expect(levelShare(share)).toBeGreaterThanOrEqual(0.05);
      }),
    );
  });

  it('leaves what is significant, but not at its share, a candidate with that reason', () => {
    let spent = 0;
    for (const { cases, planted } of logsOf(
      { conditions: 2, effect: 0.25, decisions: 1000, base: 0.5 },
      12,
    )) {
      const miner = minerOf(cases, correctByExtension);
      const first = miner.mine().findings.find((finding) => judgeFinding(finding, planted) === 'exact');
      const again = miner.mine([], 0).findings.find((finding) => judgeFinding(finding, planted) === 'exact');
      if (first?.verdict !== 'promote') continue;
      const passes = first.numbers.qValue! <= 0.05 * 0.05;
      expect(again).toMatchObject(
        passes ? { verdict: 'promote' } : { verdict: 'reject', reason: 'level_spent' },
      );
      expect(again!.numbers).toEqual(first.numbers);
      if (!passes) spent++;
    }
    expect(spent).toBeGreaterThan(0);
  });
});

describe('what a comparison could have shown', () => {
  const pooledZ = ([a, b, c, d]: TwoByTwo): number => {
    const share = (a + c) / (a + b + c + d);
    const variance = share * (1 - share) * (1 / (a + b) + 1 / (c + d));
    return (a / (a + b) - c / (c + d)) / Math.sqrt(variance);
  };

  it('is the z of a table for that table itself, and grows with the root of the rows', () => {
    const count = fc.integer({ min: 1, max: 500 });
    fc.assert(
      fc.property(fc.tuple(count, count, count, count), (cells) => {
        const larger = cells.map((cell) => 4 * cell) as [number, number, number, number];
        expect(expectedZ(cells, cells)).toBeCloseTo(pooledZ(cells), 9);
        expect(expectedZ(cells, larger)).toBeCloseTo(2 * expectedZ(cells, cells), 9);
      }),
    );
  });

  it('is nothing where a row is missing', () => {
    expect(expectedZ([5, 5, 5, 5], [0, 0, 5, 5])).toBe(0);
    expect(expectedZ([0, 0, 5, 5], [5, 5, 5, 5])).toBe(0);
  });
});
