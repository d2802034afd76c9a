import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { orderStatistics } from '../../../lambdas/mining/statistics/order-statistics.ts';
import { seeded } from './case-generator.ts';

describe('order statistics', () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    fc.integer({ min: 0, max: 3 }),
  );

  it('are what stands at those ranks when everything is sorted', () => {
    fc.assert(
      fc.property(
        fc.array(number, { minLength: 1, maxLength: 200 }),
        fc.array(fc.nat(199), { maxLength: 5 }),
        (all, picks) => {
          const ranks = picks.map((pick) => pick % all.length).sort((a, b) => a - b);
          const sorted = Float64Array.from(all).sort();
          expect(orderStatistics(Float64Array.from(all), ranks)).toEqual(ranks.map((rank) => sorted[rank]));
        },
      ),
    );
  });

  it.each([
    ['ascending', (i: number) => i],
    ['descending', (i: number) => -i],
    ['all equal', () => 7],
    ['few values', (i: number) => i % 3],
    ['a mountain', (i: number) => Math.min(i, 200_000 - i)],
    ['at random', seeded(1)],
  ])('of 200,000 numbers, %s, end', (_name, valueAt) => {
    const values = Float64Array.from({ length: 200_000 }, (_, i) => valueAt(i));
    const sorted = values.slice().sort();
    const found = orderStatistics(values, [0, 50_000, 100_000, 150_000]);
    expect(found).toEqual([0, 50_000, 100_000, 150_000].map((rank) => sorted[rank]));
  });
});
