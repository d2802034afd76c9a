import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  defaultWeightSettings,
  pooledError,
  shrunkError,
  weightsOf,
} from '../../../lambdas/results/provider-weights.ts';

const record = fc.tuple(fc.nat(500), fc.nat(500)).map(([n, right]) => ({ n, right: Math.min(n, right) }));
const records = fc.array(record, { minLength: 1, maxLength: 12 });
const { least, most, priorTrades } = defaultWeightSettings;
const weigh = (all: readonly { n: number; right: number }[]) =>
  weightsOf(all.map((one) => shrunkError(one, pooledError(all), priorTrades)));

describe('the weights of providers', () => {
  it('sum to their number and stay within their bounds, whatever their records', () => {
    fc.assert(
      fc.property(records, (all) => {
        const weights = weigh(all);
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(all.length, 9);
        for (const weight of weights) {
          expect(weight).toBeGreaterThanOrEqual(least - 1e-12);
          expect(weight).toBeLessThanOrEqual(most + 1e-12);
        }
      }),
    );
  });

  it('are ordered as their expected errors are, and do not depend on who is named first', () => {
    fc.assert(
      fc.property(records, (all) => {
        const weights = weigh(all);
        const errors = all.map((one) => shrunkError(one, pooledError(all), priorTrades));
        for (let i = 0; i < all.length; i++)
          for (let j = 0; j < all.length; j++)
            if (errors[i]! < errors[j]!) expect(weights[i]!).toBeGreaterThanOrEqual(weights[j]! - 1e-12);
        const backwards = weigh([...all].reverse()).reverse();
        weights.forEach((weight, i) => expect(backwards[i]!).toBeCloseTo(weight, 9));
      }),
    );
  });

  it('are 1 without trades, near 1 with few, and move away from it as the same rate is seen more often', () => {
    expect(
      weigh([
        { n: 0, right: 0 },
        { n: 0, right: 0 },
        { n: 0, right: 0 },
      ]),
    ).toEqual([1, 1, 1].map((one) => expect.closeTo(one, 9)));
    const spreadAfter = (times: number): number => {
      const [good, poor] = weigh([
        { n: 5 * times, right: 4 * times },
        { n: 5 * times, right: 2 * times },
      ]);
      return good! - poor!;
    };
    const spreads = [1, 4, 20, 200].map(spreadAfter);
    expect(spreads[0]).toBeLessThan(0.25);
    expect([...spreads].sort((a, b) => a - b)).toEqual(spreads);
    // errors of 0.2 and 0.6: three to one
    expect(spreads[3]).toBeCloseTo(1.5 - 0.5, 1);
  });

  it('are as computed by hand', () => {
    // pooled (1 + 4 + 0.5) / 11 = 0.5; shrunk (1 + 10) / 25 = 0.44 and (4 + 10) / 25 = 0.56
    expect(
      pooledError([
        { n: 5, right: 4 },
        { n: 5, right: 1 },
      ]),
    ).toBe(0.5);
    const [good, poor] = weigh([
      { n: 5, right: 4 },
      { n: 5, right: 1 },
    ]);
    expect(good).toBeCloseTo(2 * 0.56, 9);
    expect(poor).toBeCloseTo(2 * 0.44, 9);
  });

  it('hold to their bounds where one provider is beyond all others', () => {
    const weights = weightsOf([0.001, 0.9, 0.9, 0.9, 0.9]);
    expect(weights[0]).toBeCloseTo(most, 9);
    expect(weights[1]).toBeCloseTo(0.5, 9);
    expect(weightsOf([])).toEqual([]);
  });
});
