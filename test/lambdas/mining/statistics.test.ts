import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countBits, countCommon, popcount, setBit } from '../../../lambdas/mining/cases/bitmap.ts';
import { fisherOneSided, fisherTails } from '../../../lambdas/mining/statistics/fisher.ts';
import { benjaminiHochberg } from '../../../lambdas/mining/statistics/multiple-tests.ts';
import { heuristicConfidence } from '../../../lambdas/mining/judging/measure.ts';
import { likelihoodRatio } from '../../../lambdas/mining/statistics/two-by-two.ts';
import { normalUpperTail } from '../../../lambdas/mining/statistics/normal-distribution.ts';
import { stratifiedOneSided } from '../../../lambdas/mining/statistics/stratified.ts';
import { wilsonInterval, wilsonLowerBound } from '../../../lambdas/mining/statistics/wilson.ts';

/** C(n, k) exactly. */
function choose(n: number, k: number): bigint {
  if (k < 0 || k > n) return 0n;
  let result = 1n;
  for (let i = 1; i <= k; i++) result = (result * BigInt(n - k + i)) / BigInt(i);
  return result;
}

/** The upper tail in whole numbers, divided once. */
function exactUpperTail(a: number, b: number, c: number, d: number): number {
  const scale = 10n ** 80n;
  let sum = 0n;
  for (let x = a; x <= Math.min(a + b, a + c); x++) sum += choose(a + b, x) * choose(c + d, a + c - x);
  return Number((sum * scale) / choose(a + b + c + d, a + c)) / 1e80;
}

describe("Fisher's exact test", () => {
  it('agrees with published tables', () => {
    // the lady tasting tea: three of four cups right
    expect(fisherOneSided(3, 1, 1, 3)).toBeCloseTo(17 / 70, 14);
    expect(fisherOneSided(4, 0, 0, 4)).toBeCloseTo(1 / 70, 14);
    // R's help page: Convictions of like-sex twins, alternative = "less"
    const tails = { upper: 0, lower: 0 };
    fisherTails(2, 15, 10, 3, tails);
    expect(tails.lower).toBeCloseTo(0.0004651809, 10);
    // Agresti (1990), job satisfaction collapsed; Fisher (1970)
    expect(fisherOneSided(10, 3, 2, 15)).toBeCloseTo(0.0004651809, 10);
  });

  it('agrees with whole-number arithmetic on both sides', () => {
    const cell = fc.nat(60);
    fc.assert(
      fc.property(cell, cell, cell, cell, (a, b, c, d) => {
        const tails = { upper: 0, lower: 0 };
        fisherTails(a, b, c, d, tails);
        expect(Math.abs(tails.upper - exactUpperTail(a, b, c, d))).toBeLessThan(1e-11);
        // fewer of a is more of b
        expect(Math.abs(tails.lower - exactUpperTail(b, a, d, c))).toBeLessThan(1e-11);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps its relative precision far out in the tail and in large tables', () => {
    expect(fisherOneSided(60, 0, 0, 60) * Number(choose(120, 60))).toBeCloseTo(1, 9);
    const exact = exactUpperTail(700, 300, 1000, 1000);
    expect(fisherOneSided(700, 300, 1000, 1000) / exact).toBeCloseTo(1, 6);
    const large = fisherOneSided(30_500, 29_500, 470_000, 470_000);
    // the normal approximation is good here: z = 3.958, 3.955 with the correction for continuity
    expect(large / normalUpperTail(3.955)).toBeCloseTo(1, 1);
  });

  it('says nothing where a margin is empty', () => {
    expect(fisherOneSided(0, 0, 5, 5)).toBe(1);
    expect(fisherOneSided(5, 5, 0, 0)).toBe(1);
    expect(fisherOneSided(5, 0, 5, 0)).toBe(1);
    expect(fisherOneSided(0, 5, 0, 5)).toBe(1);
  });
});

describe('Wilson interval', () => {
  it('agrees with published values', () => {
    // Newcombe (1998), Statistics in Medicine 17:857–872, table I, method 3
    const published: [number, number, number, number][] = [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ];
    for (const [count, n, low, high] of published) {
      const interval = wilsonInterval(count, n, 1.959964);
      expect(interval[0]).toBeCloseTo(low, 4);
      expect(interval[1]).toBeCloseTo(high, 4);
    }
  });

  it('lies around the share, within 0 and 1, and narrows with n', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, part) => {
          const count = Math.round(part * n);
          const [low, high] = wilsonInterval(count, n);
          expect(low).toBeGreaterThanOrEqual(0);
          expect(high).toBeLessThanOrEqual(1);
          expect(low).toBeLessThanOrEqual(count / n);
          expect(high).toBeGreaterThanOrEqual(count / n);
          expect(wilsonLowerBound(count * 4, n * 4)).toBeGreaterThanOrEqual(low);
        },
      ),
    );
    expect(wilsonInterval(0, 0)).toEqual([0, 1]);
  });
});

describe('Benjamini–Hochberg q-values', () => {
  it('agrees with the worked example of the 1995 paper', () => {
    const p = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528,
      0.759, 1,
    ];
    const q = benjaminiHochberg(p);
    expect(q.filter((value) => value <= 0.05)).toHaveLength(4);
    expect(q[0]).toBeCloseTo(0.0015, 12);
    expect(q[3]).toBeCloseTo(0.035625, 12);
    // 0.0298·15/7 is less than 0.0278·15/6
    expect(q[5]).toBeCloseTo(0.0638571, 6);
  });

  it('does not depend on the order, never lies below p, and rises with p', () => {
    const pValue = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(pValue, { minLength: 1, maxLength: 40 }), (p) => {
        const q = benjaminiHochberg(p);
        expect(benjaminiHochberg([...p].reverse())).toEqual(q.toReversed());
        p.forEach((a, i) => {
          expect(q[i]).toBeGreaterThanOrEqual(a);
          p.forEach((b, j) => {
            if (a <= b) expect(q[i]).toBeLessThanOrEqual(q[j]!);
          });
        });
      }),
    );
  });
});

describe('other statistics', () => {
  it('gives the upper tail of the normal distribution', () => {
    expect(normalUpperTail(0)).toBeCloseTo(0.5, 6);
    expect(normalUpperTail(1.959964)).toBeCloseTo(0.025, 7);
    expect(normalUpperTail(-1.644854)).toBeCloseTo(0.95, 6);
    expect(normalUpperTail(6) / 9.865876e-10).toBeCloseTo(1, 5);
  });

  it('finds no effect in strata that reverse it together, and one that every stratum has', () => {
    // Simpson: 400 of 500 against 200 of 500 overall, equal within each stratum
    expect(
      stratifiedOneSided([
        [360, 40, 90, 10],
        [50, 50, 200, 200],
      ]),
    ).toBeGreaterThan(0.4);
    expect(
      stratifiedOneSided([
        [60, 40, 40, 60],
        [30, 20, 20, 30],
      ]),
    ).toBeLessThan(0.001);
    expect(stratifiedOneSided([])).toBe(1);
  });

  it('is zero for independent rows, and symmetric, in the likelihood ratio', () => {
    expect(likelihoodRatio([10, 20, 30, 60])).toBeCloseTo(0, 10);
    expect(likelihoodRatio([9, 1, 2, 8])).toBeCloseTo(likelihoodRatio([8, 2, 1, 9]), 10);
  });

  it('keeps the old rule of thumb as it was', () => {
    expect(heuristicConfidence(10, 1)).toBeCloseTo(1, 12);
    expect(heuristicConfidence(5, 0.5)).toBeCloseTo(0.15 + 0.25 + 0.2 / 1.5, 12);
    expect(heuristicConfidence(50, 0.8)).toBeGreaterThan(0.7);
  });
});

describe('bitmaps', () => {
  it('count the bits that were set', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(199)), (bits) => {
        const words = new Uint32Array(7);
        for (const bit of bits) setBit(words, bit);
        expect(countBits(words)).toBe(bits.length);
      }),
    );
    fc.assert(
      fc.property(fc.integer(), (word) => {
        expect(popcount(word)).toBe([...(word >>> 0).toString(2)].filter((bit) => bit === '1').length);
      }),
    );
  });

  it('count what two have in common, word by word or eight at a time', () => {
    const words = fc.uint32Array({ minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(words, words, fc.nat(40), fc.nat(40), fc.nat(9), (a, b, from, to, base) => {
        const moved = new Uint32Array(base + b.length);
        moved.set(b, base);
        const common = a.map((word, i) => (i >= from && i < to ? word & b[i]! : 0));
        expect(countCommon(a, moved, base, from, to)).toBe(countBits(common));
      }),
    );
  });
});
