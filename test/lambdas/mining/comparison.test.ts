import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  casesNeeded,
  evidenceOfWorse,
  shareDifference,
} from '../../../lambdas/mining/statistics/two-shares.ts';
import { normalQuantile } from '../../../lambdas/mining/statistics/normal-distribution.ts';
import { holm } from '../../../lambdas/mining/statistics/multiple-tests.ts';
import type { TwoByTwo } from '../../../lambdas/mining/statistics/two-by-two.ts';
import { seeded } from './case-generator.ts';

const rounded = (values: readonly number[], digits: number) => values.map((x) => Number(x.toFixed(digits)));

describe('the difference of two shares', () => {
  it.each([
    // Newcombe (1998), table II, method 10
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [6, 7, 2, 7, 0.0582, 0.8062],
    [5, 56, 0, 29, -0.0381, 0.1926],
    [0, 10, 0, 20, -0.1611, 0.2775],
    [0, 10, 0, 10, -0.2775, 0.2775],
    [10, 10, 0, 20, 0.6791, 1],
    [10, 10, 0, 10, 0.6075, 1],
  ])('of %i/%i and %i/%i is as published', (a, m, c, n, low, high) => {
    const { difference, interval } = shareDifference([[a, m - a, c, n - c]])!;
    expect(difference).toBeCloseTo(a / m - c / n, 12);
    expect(rounded(interval, 4)).toEqual([low, high]);
  });

  const share = fc.integer({ min: 0, max: 40 });
  const table = fc.tuple(share, share, share, share);

  it('holds its estimate, turns its sign with the rows, and says nothing of one-sided strata', () => {
    fc.assert(
      fc.property(fc.array(table, { minLength: 1, maxLength: 8 }), (strata) => {
        const found = shareDifference(strata);
        const usable = strata.filter(([a, b, c, d]) => a + b > 0 && c + d > 0);
        if (usable.length === 0) return expect(found).toBeNull();
        const { difference, interval } = found!;
        expect(interval[0]).toBeLessThanOrEqual(difference + 1e-12);
        expect(interval[1]).toBeGreaterThanOrEqual(difference - 1e-12);
        const turned = shareDifference(strata.map(([a, b, c, d]): TwoByTwo => [c, d, a, b]))!;
        expect(turned.difference).toBeCloseTo(-difference, 10);
        expect(turned.interval[0]).toBeCloseTo(-interval[1], 10);
        expect(shareDifference([...strata, [3, 4, 0, 0]])).toEqual(found);
      }),
    );
  });

  it('covers the truth 95 times in 100, also where weeks differ in their rate and in who was treated', () => {
    const random = seeded(7);
    const draw = (n: number, p: number) =>
      Array.from({ length: n }, () => Number(random() < p)).reduce((x, y) => x + y, 0);
    let covered = 0;
    const runs = 2000;
    for (let run = 0; run < runs; run++) {
      // a common difference of −10 points over six weeks with other rates and other shares of treated
      const strata = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8].map((rate, week): TwoByTwo => {
        const [treated, others] = [4 + 4 * week, 28 - 4 * week];
        const a = draw(treated, rate - 0.1);
        const c = draw(others, rate);
        return [a, treated - a, c, others - c];
      });
      const { interval } = shareDifference(strata)!;
      if (interval[0] <= -0.1 && -0.1 <= interval[1]) covered++;
    }
    expect(covered / runs).toBeGreaterThan(0.94);
    expect(covered / runs).toBeLessThan(0.98);
  });
});

describe('evidence that may be looked at every night', () => {
  it('is 1 without data, and grows with what is missing', () => {
    expect(evidenceOfWorse([])).toBeCloseTo(1, 6);
    const of = (a: number) => evidenceOfWorse([[a, 100 - a, 60, 40]]);
    expect(of(60)).toBeLessThan(1);
    expect(of(20)).toBeGreaterThan(of(30));
    expect(of(30)).toBeGreaterThan(100);
    expect(of(90)).toBeLessThan(0.1);
  });

  it('passes 1/α in at most a share α of 60-night logs without an effect', () => {
    const random = seeded(11);
    const runs = 2000;
    const passed = { 20: 0, 100: 0 };
    for (let run = 0; run < runs; run++) {
      const weeks: [number, number, number, number][] = [];
      let most = 0;
      let treated = 0;
      for (let night = 0; night < 60; night++) {
        const week = (weeks[Math.floor(night / 7)] ??= [0, 0, 0, 0]);
        for (let i = 0; i < 12; i++) {
          const applied = random() < 0.5;
          treated += Number(applied);
          week[(applied ? 0 : 2) + Number(random() < 0.45)]!++;
        }
        if (treated >= 20) most = Math.max(most, evidenceOfWorse(weeks));
      }
      passed[20] += Number(most >= 20);
      passed[100] += Number(most >= 100);
    }
    expect(passed[20] / runs).toBeLessThanOrEqual(0.05);
    expect(passed[100] / runs).toBeLessThanOrEqual(0.01);
  });
});

describe("Holm's adjustment", () => {
  it('agrees with R: p.adjust(c(0.01, 0.02, 0.03, 0.04), "holm")', () => {
    expect(rounded(holm([0.03, 0.01, 0.04, 0.02]), 12)).toEqual([0.06, 0.04, 0.06, 0.06]);
  });

  it('never lowers a p-value, keeps the order and stays at most 1', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }), (p) => {
        const adjusted = holm(p);
        p.forEach((value, i) => {
          expect(adjusted[i]!).toBeGreaterThanOrEqual(value);
          expect(adjusted[i]!).toBeLessThanOrEqual(1);
          p.forEach((other, j) => {
            if (value < other) expect(adjusted[i]!).toBeLessThanOrEqual(adjusted[j]!);
          });
        });
      }),
    );
  });
});

describe('how many cases a test needs', () => {
  it('quantiles are those of the table of the normal distribution', () => {
    expect(normalQuantile(0.025)).toBeCloseTo(1.95996, 4);
    expect(normalQuantile(0.2)).toBeCloseTo(0.84162, 4);
    expect(normalQuantile(0.5)).toBeCloseTo(0, 5);
  });

  it("agrees with Fleiss's tables (two-sided 1 %, power 95 %: .60 against .70)", () => {
    expect(casesNeeded(0.6, 0.7, { level: 0.005, power: 0.95 })).toBe(827);
  });

  it('needs more for a smaller difference, a stricter level, more power, and for ever for none', () => {
    const base = casesNeeded(0.5, 0.3, { level: 0.05, power: 0.8 });
    expect(casesNeeded(0.5, 0.4, { level: 0.05, power: 0.8 })).toBeGreaterThan(base);
    expect(casesNeeded(0.5, 0.3, { level: 0.001, power: 0.8 })).toBeGreaterThan(base);
    expect(casesNeeded(0.5, 0.3, { level: 0.05, power: 0.9 })).toBeGreaterThan(base);
    expect(casesNeeded(0.5, 0.3, { level: 0.05, power: 0.8, ratio: 4 })).toBeLessThan(base);
    expect(casesNeeded(0.3, 0.3, { level: 0.05, power: 0.8 })).toBe(Infinity);
  });
});
