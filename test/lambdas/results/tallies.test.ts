import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { DecisionResult } from '../../../lambdas/results/decision-result.ts';
import { GroupTallies } from '../../../lambdas/results/grouping.ts';
import { addDays, coverOf, daysBetween, runsOf } from '../../../lambdas/results/periods.ts';
import { EXACT_VALUES, QuantileSketch, RELATIVE_ERROR } from '../../../lambdas/results/quantile-sketch.ts';
import { Streaks } from '../../../lambdas/results/streaks.ts';
import { Tally } from '../../../lambdas/results/tally.ts';

const result = (
  pnl: number | undefined,
  success: boolean,
  more: Partial<DecisionResult> = {},
): DecisionResult => ({
  decisionId: 'T-1',
  decisionType: 'T',
  timestamp: '2026-03-01T00:00:00.000Z',
  loggedAt: '2026-03-01T00:00:00.000Z',
  kind: success ? 'success' : 'failure',
  ...(pnl !== undefined && { pnl }),
  followed: [],
  opposed: [],
  ...more,
});

const amount = fc.double({ min: -1e6, max: 1e6, noNaN: true, noDefaultInfinity: true });
const someResults = fc.array(fc.tuple(amount, fc.boolean()), { maxLength: 60 });

describe('a sketch of quantiles', () => {
  const sketchOf = (values: readonly number[]): QuantileSketch => {
    const sketch = new QuantileSketch();
    for (const value of values) sketch.add(value);
    return sketch;
  };
  const exact = (values: readonly number[], share: number): number => {
    const sorted = [...values].sort((a, b) => a - b);
    const rank = share * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(rank)]!, sorted[Math.ceil(rank)]!];
    return low + (high - low) * (rank - Math.floor(rank));
  };

  it('is exact for few values, and null for none', () => {
    expect(sketchOf([]).quantile(0.5)).toBeNull();
    expect(sketchOf([4, 1, 3, 2]).quantile(0.5)).toBe(2.5);
    expect(sketchOf([-1, 0, 7]).quantile(0.25)).toBe(-0.5);
  });

  it('is within its error of the values at its rank for many, whatever their size', () => {
    fc.assert(
      fc.property(
        fc.array(amount, { minLength: EXACT_VALUES + 1, maxLength: 600 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, share) => {
          const sorted = [...values].sort((a, b) => a - b);
          const [low, high] = [Math.floor, Math.ceil].map(
            (round) => sorted[round(share * (values.length - 1))]!,
          );
          const found = sketchOf(values).quantile(share)!;
          const slack = RELATIVE_ERROR * Math.max(Math.abs(low!), Math.abs(high!)) + 1e-9;
          expect(found).toBeGreaterThanOrEqual(low! - slack);
          expect(found).toBeLessThanOrEqual(high! + slack);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('of parts is the sketch of the whole, stored or not', () => {
    fc.assert(
      fc.property(fc.array(fc.array(amount, { maxLength: 200 }), { maxLength: 4 }), (parts) => {
        const merged = new QuantileSketch();
        for (const part of parts) merged.merge(QuantileSketch.fromStored(sketchOf(part).toStored()));
        const whole = sketchOf(parts.flat());
        expect(merged.count).toBe(whole.count);
        for (const share of [0, 0.25, 0.5, 0.9, 1])
          expect(merged.quantile(share)).toBe(whole.quantile(share));
        if (whole.count > 0 && whole.count <= EXACT_VALUES)
          expect(whole.quantile(0.5)).toBe(exact(parts.flat(), 0.5));
      }),
      { numRuns: 60 },
    );
  });
});

describe('streaks', () => {
  const longest = (all: readonly boolean[], wanted: boolean): number =>
    Math.max(
      0,
      ...all
        .map((_, i) => all.slice(i).findIndex((value) => value !== wanted))
        .map((end, i) => (end < 0 ? all.length - i : end)),
    );

  it('of stretches that follow each other are those of the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.boolean(), { maxLength: 8 }), { maxLength: 6 }), (parts) => {
        const merged = new Streaks();
        for (const part of parts) {
          const streaks = new Streaks();
          for (const success of part) streaks.add(success);
          merged.append(Streaks.fromStored(streaks.toStored()));
        }
        const all = parts.flat();
        expect(merged.longestWon).toBe(longest(all, true));
        expect(merged.longestLost).toBe(longest(all, false));
        const last = all.at(-1);
        const run = last === undefined ? 0 : all.length - 1 - all.lastIndexOf(!last);
        expect(merged.current).toBe(last ? run : -run || 0);
      }),
    );
  });
});

describe('a tally', () => {
  const tallyOf = (rows: readonly (readonly [number, boolean])[]): Tally => {
    const tally = new Tally();
    for (const [pnl, success] of rows) tally.add(result(pnl, success));
    return tally;
  };
  const close = (a: number | null, b: number | null): void =>
    a === null || b === null
      ? expect(a).toBe(b)
      : expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(b)));

  it('of days adds up to the tally of all, as if nothing had been stored between', () => {
    fc.assert(
      fc.property(fc.array(someResults, { maxLength: 5 }), (days) => {
        const sum = new Tally();
        for (const rows of days)
          sum.append(Tally.fromStored(JSON.parse(JSON.stringify(tallyOf(rows).toStored())) as never));
        const [{ pnl: a, ...merged }, { pnl: b, ...whole }] = [sum.figures(), tallyOf(days.flat()).figures()];
        expect(merged).toEqual(whole);
        for (const name of Object.keys(b ?? {}) as (keyof NonNullable<typeof b>)[]) close(a![name], b![name]);
      }),
      {
        numRuns: 60,
        examples: [
          [
            [
              [
                [-5e-324, false],
                [8.881784197001252e-16, false],
              ],
            ],
          ],
        ],
      },
    );
  });

  it('has an expectancy that is the mean, whatever share gained', () => {
    fc.assert(
      fc.property(someResults, (rows) => {
        const { pnl } = tallyOf(rows).figures();
        close(pnl?.expectancy ?? null, pnl?.mean ?? null);
      }),
      { numRuns: 50 },
    );
  });

  it('has no rate and no profit factor where there is nothing to divide by', () => {
    const empty = new Tally().figures();
    expect(empty).toMatchObject({ n: 0, rate: null, interval: null, pnl: null });
    expect(tallyOf([[5, true]]).figures().pnl).toMatchObject({
      profitFactor: null,
      deviation: null,
      averageLoss: null,
    });
  });
});

describe('groups', () => {
  it('count a decision under each provider that was for it, and who was against apart', () => {
    const tallies = new GroupTallies();
    tallies.add(result(3, true, { followed: ['a', 'b'], opposed: ['c'], regime: 'bull' }), 'provider+regime');
    tallies.add(result(-1, false, { followed: ['c'], opposed: ['a'], regime: 'bull' }), 'provider+regime');
    tallies.add(result(9, true), 'provider+regime');
    const counts = tallies.entries.map(({ key, tally }) => [
      ...key,
      tally.resolved,
      tally.against.n,
      tally.against.failures,
    ]);
    expect(counts.sort()).toEqual(
      [
        [null, null, 1, 0, 0],
        ['a', 'bull', 1, 1, 1],
        ['b', 'bull', 1, 0, 0],
        ['c', 'bull', 1, 1, 0],
      ].sort(),
    );
  });

  it('beyond the commonest are kept together, and stay countable', () => {
    const tallies = new GroupTallies();
    for (let i = 0; i < 30; i++) tallies.add(result(1, true, { symbol: `S${i % 10}` }), 'symbol');
    tallies.add(result(1, true, { symbol: 'S3' }), 'symbol');
    const kept = GroupTallies.fromStored(tallies.toStored(4));
    expect(kept.entries).toHaveLength(4);
    expect(kept.entries[0]!.key).toEqual(['S3']);
    expect(kept.others!.resolved + kept.entries.reduce((sum, { tally }) => sum + tally.resolved, 0)).toBe(31);
    expect(GroupTallies.fromStored(kept.toStored(2)).others!.resolved).toBe(31 - 4 - 3);
  });
});

describe('the cover of a range', () => {
  const anyDay = fc.integer({ min: 0, max: 3000 }).map((n) => addDays('2018-01-01', n));
  const daysOf = (period: string): string[] => {
    const from = `${period}-01-01`.slice(0, 10);
    const days: string[] = [];
    for (let day = from; day.startsWith(period); day = addDays(day, 1)) days.push(day);
    return days;
  };

  it('holds each of its days once, without those left out', () => {
    fc.assert(
      fc.property(
        anyDay,
        fc.integer({ min: 0, max: 1500 }),
        fc.array(anyDay, { maxLength: 5 }),
        (from, length, left) => {
          const to = addDays(from, length);
          const { years, months, days } = coverOf(from, to, new Set(left));
          const covered = [...years.flatMap(daysOf), ...months.flatMap(daysOf), ...days].sort();
          const wanted: string[] = [];
          for (let day = from; day <= to; day = addDays(day, 1)) if (!left.includes(day)) wanted.push(day);
          expect(covered).toEqual(wanted);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is few rows for a hundred years', () => {
    const { years, months, days } = coverOf(
      '1926-04-05',
      '2026-03-04',
      new Set(['2026-03-04', '2020-07-08']),
    );
    expect(years.length + months.length + days.length).toBeLessThan(200);
  });

  it('is read in runs', () => {
    expect(runsOf(['2026-02-27', '2026-02-28', '2026-03-01', '2026-03-05'])).toEqual([
      { from: '2026-02-27', to: '2026-03-01' },
      { from: '2026-03-05', to: '2026-03-05' },
    ]);
    expect(runsOf(['2026-02-27', '2026-03-05'], 10)).toHaveLength(1);
    expect(daysBetween('2026-02-27', '2026-03-01')).toBe(3);
  });
});
