import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fisherOneSided } from '../../../lambdas/mining/statistics/fisher.ts';
import { holm } from '../../../lambdas/mining/statistics/multiple-tests.ts';
import {
  stratifiedOneSided,
  commonEffect,
  MAX_EXACT_RANGE,
  replicatedEffect,
  stratifiedExact,
} from '../../../lambdas/mining/statistics/stratified.ts';
import type { TwoByTwo } from '../../../lambdas/mining/statistics/two-by-two.ts';

/** Agresti (1990), pages 231–237: rabbits cured or not by penicillin at once or 1.5 hours later, at five levels. */
const rabbits: readonly TwoByTwo[] = [
  [0, 6, 0, 5],
  [3, 3, 0, 6],
  [6, 0, 2, 4],
  [5, 1, 6, 0],
  [2, 0, 5, 0],
];

const tableOf = (max: number): fc.Arbitrary<TwoByTwo> => {
  const cell = fc.nat(max);
  return fc.tuple(cell, cell, cell, cell);
};

describe('the exact stratified test', () => {
  it('agrees with the published one- and two-sided examples', () => {
    // R documentation of mantelhaen.test: exact, greater: 0.020; the corrected statistic is 3.92 (p 0.047 on both sides)
    expect(stratifiedExact(rabbits)).toBeCloseTo(0.02, 3);
    expect(2 * stratifiedOneSided(rabbits)).toBeCloseTo(0.0475, 3);
  });

  it('is Fisher’s test in one stratum, and does not depend on the order of strata', () => {
    fc.assert(
      fc.property(tableOf(40), (table) => {
        expect(stratifiedExact([table])).toBeCloseTo(fisherOneSided(...table), 9);
      }),
    );
    fc.assert(
      fc.property(fc.array(tableOf(12), { minLength: 1, maxLength: 5 }), (strata) => {
        const p = stratifiedExact(strata);
        expect(p).toBeGreaterThan(0);
        expect(p).toBeLessThanOrEqual(1);
        expect(stratifiedExact([...strata].reverse())).toBeCloseTo(p, 9);
        // a stratum that tells nothing changes nothing
        expect(stratifiedExact([...strata, [5, 7, 0, 0]])).toBeCloseTo(p, 12);
      }),
    );
  });

  it('meets the normal approximation where that takes over', () => {
    const large: TwoByTwo[] = [
      [90, 60, 70, 80],
      [80, 70, 65, 85],
    ];
    expect(Math.log(stratifiedExact(large) / stratifiedOneSided(large))).toBeCloseTo(0, 1);
    const huge = large.map((table) => table.map((n) => n * 10) as unknown as TwoByTwo);
    expect(commonEffect(huge)).toBe(stratifiedOneSided(huge));
    expect(commonEffect(large)).toBe(stratifiedExact(large));
    expect(MAX_EXACT_RANGE).toBeGreaterThan(270);
  });

  it('finds nothing between strata that have nothing within (Simpson)', () => {
    expect(
      commonEffect([
        [36, 4, 9, 1],
        [5, 5, 20, 20],
      ]),
    ).toBeGreaterThan(0.4);
  });
});

describe('an effect in at least two strata', () => {
  it('is never shown by one alone, however large', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 100_000 }),
        fc.array(tableOf(30), { maxLength: 4 }),
        (n, rest) => {
          const honest = rest.map(([a, b]): TwoByTwo => [a, b, a, b]);
          // everywhere else success is as likely with as without
          expect(replicatedEffect([[n, 0, 0, n], ...honest])).toBeGreaterThan(0.3);
        },
      ),
    );
    expect(replicatedEffect([])).toBe(1);
    expect(replicatedEffect([[50, 0, 0, 50]])).toBe(1);
    expect(
      replicatedEffect([
        [50, 0, 0, 50],
        [10, 20, 0, 0],
      ]),
    ).toBe(1);
  });

  it('is the weaker of two, and the least favourable leave-out of more', () => {
    const strata: TwoByTwo[] = [
      [20, 5, 10, 15],
      [18, 7, 9, 16],
      [15, 10, 12, 13],
    ];
    expect(replicatedEffect(strata.slice(0, 2))).toBeCloseTo(stratifiedExact([strata[1]!]), 12);
    const leaveOuts = strata.map((left) => stratifiedExact(strata.filter((table) => table !== left)));
    expect(replicatedEffect(strata)).toBeCloseTo(Math.max(...leaveOuts), 12);
  });
});

describe('Holm', () => {
  it('agrees with a worked example, whatever the order', () => {
    // R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm")
    expect(holm([0.05, 0.01, 0.04, 0.02, 0.03]).map((p) => Number(p.toFixed(4)))).toEqual([
      0.09, 0.05, 0.09, 0.08, 0.09,
    ]);
    expect(holm([])).toEqual([]);
  });

  it('lies between p and Bonferroni, keeps the order, and the smallest is Bonferroni’s', () => {
    const pValues = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(pValues, (p) => {
        const adjusted = holm(p);
        p.forEach((a, i) => {
          expect(adjusted[i]).toBeGreaterThanOrEqual(a);
          expect(adjusted[i]).toBeLessThanOrEqual(Math.min(1, a * p.length));
          p.forEach((b, j) => {
            if (a < b) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]!);
          });
        });
        expect(Math.min(...adjusted)).toBe(Math.min(1, Math.min(...p) * p.length));
      }),
    );
  });
});
