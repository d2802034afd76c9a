import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  defaultDefinitions,
  portfolioFigures,
  resultsByDay,
} from '../../../lambdas/results/snapshots/portfolio.ts';
import { snapshotPeriodOf } from '../../../lambdas/results/snapshots/snapshot-period.ts';

const definitions = { ...defaultDefinitions, startingValue: 100 };
const figures = (results: readonly number[], more = {}) =>
  portfolioFigures(results, 100, { ...definitions, ...more });

describe('the figures of a portfolio', () => {
  it('are as computed by hand', () => {
    // 100 → 110 → 99 → 108.9: returns +10 %, −10 %, +10 %
    const three = figures([10, -11, 9.9]);
    expect(three.finalValue).toBeCloseTo(108.9, 12);
    expect(three.totalReturn).toBeCloseTo(0.089, 12);
    expect(three.annualizedReturn).toBeCloseTo(1.089 ** (365 / 3) - 1, 6);
    const mean = 0.1 / 3;
    const sample = Math.sqrt((2 * (0.1 - mean) ** 2 + (-0.1 - mean) ** 2) / 2);
    expect(three.sharpe).toBeCloseTo((mean / sample) * Math.sqrt(365), 9);
    expect(three.sortino).toBeCloseTo((mean / Math.sqrt(0.01 / 3)) * Math.sqrt(365), 9);
    expect(three.maxDrawdown).toBeCloseTo(11, 12);
    expect(three.maxDrawdownPct).toBeCloseTo(0.1, 12);
    expect(three.calmar).toBeCloseTo(three.annualizedReturn! / 0.1, 6);
  });

  it('follow the definitions asked for', () => {
    const results = [10, -11, 9.9];
    const sample = figures(results).sharpe!;
    expect(figures(results, { deviation: 'population' }).sharpe).toBeCloseTo(sample * Math.sqrt(3 / 2), 9);
    expect(figures(results, { annualization: 252 }).sharpe).toBeCloseTo(sample * Math.sqrt(252 / 365), 9);
    const fixed = figures(results, { returnBasis: 'fixed' });
    const returns = [0.1, -0.11, 0.099];
    const mean = returns.reduce((sum, value) => sum + value, 0) / 3;
    const deviation = Math.sqrt(returns.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 2);
    expect(fixed.sharpe).toBeCloseTo((mean / deviation) * Math.sqrt(365), 9);
    expect(figures(results, { riskFreeRate: 0.05 }).sharpe).toBeLessThan(sample);
  });

  it('agree with a published example of the Sortino ratio: Rollinger & Hoffman (2013), Sortino: A Sharper Ratio', () => {
    // Yearly returns 17, 15, 23, −5, 12, 9, 13 and −4 % against a target of 0: mean 10 %, downside 2.264 %, ratio 4.417.
    const returns = [0.17, 0.15, 0.23, -0.05, 0.12, 0.09, 0.13, -0.04];
    const { sortino } = figures(
      returns.map((value) => value * 100),
      { returnBasis: 'fixed' },
    );
    expect(sortino! / Math.sqrt(365)).toBeCloseTo(4.417, 3);
  });

  it('are null where they are not defined', () => {
    expect(figures([0, 0, 0])).toMatchObject({
      totalReturn: 0,
      sharpe: null,
      sortino: null,
      calmar: null,
      maxDrawdown: 0,
    });
    expect(figures([5])).toMatchObject({ totalReturn: 0.05, sharpe: null, sortino: null });
    // the same return every day
    expect(figures([10, 11])).toMatchObject({ sharpe: null, sortino: null });
    expect(figures([-100, 5])).toMatchObject({ sharpe: null, finalValue: 5 });
    expect(figures([-150])).toMatchObject({ annualizedReturn: -1, maxDrawdownPct: 1.5 });
  });

  it('do not depend on the unit of money', () => {
    const results = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(results, (list) => {
        const one = figures(list);
        const thousand = portfolioFigures(
          list.map((value) => value * 1024),
          102_400,
          { ...definitions, startingValue: 102_400 },
        );
        expect(thousand.maxDrawdown).toBeCloseTo(one.maxDrawdown * 1024, 6);
        for (const name of ['totalReturn', 'sharpe', 'sortino', 'maxDrawdownPct'] as const)
          if (one[name] === null) expect(thousand[name]).toBeNull();
          else expect(thousand[name]! / (one[name]! || 1)).toBeCloseTo(one[name] === 0 ? 0 : 1, 9);
      }),
      { numRuns: 50 },
    );
  });

  it('count a weekend on the Monday after, or on the Friday before where the period ends with it', () => {
    const pnlOn = new Map([
      ['2026-02-27', 1],
      ['2026-02-28', 2],
      ['2026-03-01', 4],
      ['2026-03-02', 8],
    ]);
    expect(resultsByDay(pnlOn, '2026-02-27', '2026-03-02', 365)).toEqual([1, 2, 4, 8]);
    expect(resultsByDay(pnlOn, '2026-02-27', '2026-03-02', 252)).toEqual([1, 14]);
    expect(resultsByDay(pnlOn, '2026-02-27', '2026-03-01', 252)).toEqual([7]);
    expect(resultsByDay(pnlOn, '2026-02-28', '2026-03-01', 252)).toEqual([6]);
  });
});

it('a period begins and ends with its calendar', () => {
  const now = new Date('2026-05-13T12:00:00Z');
  const at = (period: 'day' | 'week' | 'month' | 'quarter', date?: string) => {
    const { from, to, through, complete } = snapshotPeriodOf(period, date, now);
    return [from, to, through, complete];
  };
  expect(at('day')).toEqual(['2026-05-13', '2026-05-13', '2026-05-13', false]);
  expect(at('week', '2026-05-10')).toEqual(['2026-05-04', '2026-05-10', '2026-05-10', true]);
  expect(at('month')).toEqual(['2026-05-01', '2026-05-31', '2026-05-13', false]);
  expect(at('quarter', '2026-02-11')).toEqual(['2026-01-01', '2026-03-31', '2026-03-31', true]);
  expect(at('month', '2024-02-29')).toEqual(['2024-02-01', '2024-02-29', '2024-02-29', true]);
  expect(() => at('day', '2026-05-14')).toThrow();
});
