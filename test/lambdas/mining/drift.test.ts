import { describe, expect, it } from '@jest/globals';
import { defaultLifecycleSettings } from '../../../lambdas/patterns/lifecycle/lifecycle-settings.ts';
import { driftOf } from '../../../lambdas/mining/judging/drift.ts';
import { fisherOneSided } from '../../../lambdas/mining/statistics/fisher.ts';
import { wilsonLowerBound } from '../../../lambdas/mining/statistics/wilson.ts';
import type { Reference } from '../../../lambdas/mining/vocabulary.ts';
import { DAY, seeded, START } from './case-generator.ts';

const reference: Reference = {
  since: new Date(START).toISOString(),
  confidence: 0.8,
  baseline: 0.5,
  n: 30,
};
const of = (hits: readonly number[]) =>
  driftOf(
    {
      times: Float64Array.from(hits, (_, i) => START + i),
      asserted: Uint8Array.from(hits),
      baselineFrom: () => 0.5,
    },
    reference,
    1.96,
  );

describe('the CUSUM', () => {
  it('adds the log-likelihood ratio of a miss, takes that of a hit, and never falls below zero', () => {
    const miss = Math.log(0.5 / 0.2);
    const hit = Math.log(0.5 / 0.8);
    // the first outcome lies at `since` and is not held against the promise
    expect(of([0, 0]).statistic).toBeCloseTo(miss, 12);
    expect(of([1, 1, 1, 1, 0, 0, 1, 0]).statistic).toBeCloseTo(3 * miss + hit, 12);
    expect(of([1, 0, 1, 1, 1]).statistic).toBe(0);
  });

  it('is Page’s CUSUM on outcome − confidence with the allowance of the two rates', () => {
    const outcomes = [0, 1, 0, 0, 1, 0, 1, 1, 0, 0, 0, 1];
    const scale = Math.log((0.8 * 0.5) / (0.5 * 0.2));
    const target = Math.log(0.5 / 0.2) / scale; // confidence − allowance
    let sum = 0;
    for (const outcome of outcomes.slice(1)) sum = Math.max(0, sum + target - outcome);
    expect(of(outcomes).statistic).toBeCloseTo(scale * sum, 12);
    expect(target).toBeGreaterThan(0.5);
    expect(target).toBeLessThan(0.8);
  });

  it('dates the change to the first outcome of the run behind it, and counts from there', () => {
    const { changedAt, changed, n } = of([1, 1, 1, 0, 0, 1, 0]);
    expect(changedAt).toBe(START + 3);
    expect(changed).toMatchObject({ n: 4, baseline: 0.5 });
    expect(n).toBe(6);
  });
});

interface Life {
  readonly base: number;
  readonly rate: number;
  /** From the 30th night after promotion on. */
  readonly then: number;
  readonly perNight: number;
}

/**
 * A pattern from its first occurrence: promoted when a corrected test would pass (p ≤ 1e-4), then held against its
 * promise every night over a window of 90 days.
 * @returns the night after promotion on which it is suspected; undefined when it is not within 60 (120 after a change)
 */
function suspectedOn({ base, rate, then, perNight }: Life, seed: number): number | undefined {
  const random = seeded(seed);
  const times: number[] = [];
  const hits: number[] = [];
  // among the first i occurrences, and among the three others beside each
  const hitsBefore = [0];
  const othersBefore = [0];
  let promotedOn: number | undefined;
  let promise: Reference | undefined;
  for (let night = 0; night < 300; night++) {
    const now = promotedOn === undefined ? rate : night > promotedOn + 30 ? then : rate;
    for (let i = 0; i < perNight; i++) {
      times.push(START + night * DAY + i + 1);
      hits.push(Number(random() < now));
      hitsBefore.push(hitsBefore.at(-1)! + hits.at(-1)!);
      const others = [1, 2, 3].filter(() => random() < base).length;
      othersBefore.push(othersBefore.at(-1)! + others);
    }
    const first = Math.max(0, (night - 89) * perNight);
    const n = hits.length - first;
    const count = hitsBefore.at(-1)! - hitsBefore[first]!;
    const restCount = othersBefore.at(-1)! - othersBefore[first]!;
    const baseline = (count + restCount) / (4 * n);
    const asOf = new Date(START + (night + 1) * DAY).toISOString();
    if (!promise || promotedOn === undefined) {
      const p = fisherOneSided(count, n - count, restCount, 3 * n - restCount);
      if (p > 1e-4) continue;
      promotedOn = night;
      promise = { since: asOf, confidence: wilsonLowerBound(count, n), baseline, n };
      continue;
    }
    const outcomes = {
      times: Float64Array.from(times.slice(first)),
      asserted: Uint8Array.from(hits.slice(first)),
      baselineFrom: () => baseline,
    };
    const borneOut = driftOf(outcomes, promise, 1.96).confidence;
    promise = { ...promise, confidence: Math.max(promise.confidence, borneOut) };
    const { statistic } = driftOf(outcomes, promise, 1.96);
    if (statistic > defaultLifecycleSettings.driftThreshold) return night - promotedOn;
    if (night >= promotedOn + (then === rate ? 60 : 150)) return undefined;
  }
  return undefined;
}

const SEEDS = Array.from({ length: 120 }, (_, i) => i + 1);
const worlds = [3, 8].flatMap((perNight) =>
  [
    [0.5, 0.75],
    [0.3, 0.55],
    [0.8, 0.95],
    [0.5, 0.65],
  ].map(([base, rate]) => ({ perNight, base: base!, rate: rate! })),
);

describe.each(worlds)('a pattern of rate $rate over $base, $perNight occurrences a night', (world) => {
  it('is falsely suspected within 60 nights in at most 5 % of lives', () => {
    const suspected = SEEDS.filter((seed) => suspectedOn({ ...world, then: world.rate }, seed) !== undefined);
    expect(suspected.length / SEEDS.length).toBeLessThanOrEqual(0.05);
  });
});

describe('how soon a change is suspected', () => {
  const delays = (life: Life) => {
    const nights = SEEDS.map((seed) => suspectedOn(life, seed) ?? Infinity).filter((night) => night > 30);
    nights.sort((a, b) => a - b);
    return {
      found: nights.filter(Number.isFinite).length / nights.length,
      median: nights[nights.length >> 1]! - 30,
    };
  };

  it.each([
    ['an effect of +25 points that stops, 8 occurrences a night', { perNight: 8, rate: 0.75, then: 0.5 }, 14],
    ['the same at 3 a night', { perNight: 3, rate: 0.75, then: 0.5 }, 35],
    ['one that reverses, 8 a night', { perNight: 8, rate: 0.75, then: 0.25 }, 5],
    ['the same at 3 a night', { perNight: 3, rate: 0.75, then: 0.25 }, 13],
  ])('%s: half of them by then', (_name, life, nights) => {
    const { found, median } = delays({ base: 0.5, ...life });
    expect(median).toBeLessThanOrEqual(nights);
    expect(found).toBeGreaterThanOrEqual(0.9);
  });
});
