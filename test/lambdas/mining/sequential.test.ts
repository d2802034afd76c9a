import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { defaultLifecycleSettings } from '../../../lambdas/patterns/lifecycle/lifecycle-settings.ts';
import { logLikelihood, sequentialEvidence } from '../../../lambdas/mining/statistics/sequential.ts';
import { seeded } from './case-generator.ts';

const { hypothesisOddsRatio, hypothesisLevel } = defaultLifecycleSettings;
const NEEDED = 1 / hypothesisLevel;

const choose = (n: number, k: number): number => {
  let result = 1;
  for (let i = 0; i < k; i++) result = (result * (n - i)) / (i + 1);
  return result;
};

describe('the noncentral hypergeometric distribution', () => {
  const table = fc.tuple(fc.nat(8), fc.nat(8), fc.nat(8), fc.nat(8));

  it('agrees with its definition', () => {
    fc.assert(
      fc.property(table, fc.constantFrom(0.5, 1, 2, 3.2), ([a, b, c, d], oddsRatio) => {
        const weight = (x: number) => choose(a + b, x) * choose(c + d, a + c - x) * oddsRatio ** x;
        let sum = 0;
        for (let x = 0; x <= a + b; x++) if (a + c - x >= 0 && a + c - x <= c + d) sum += weight(x);
        expect(Math.exp(logLikelihood([a, b, c, d], oddsRatio))).toBeCloseTo(weight(a) / sum, 10);
      }),
    );
  });

  it('has the published probabilities: dhyper(3, 4, 4, 4) = 16/70, the lady tasting tea', () => {
    expect(Math.exp(logLikelihood([3, 1, 1, 3], 1))).toBeCloseTo(16 / 70, 12);
    expect(Math.exp(logLikelihood([4, 0, 0, 4], 1))).toBeCloseTo(1 / 70, 12);
  });

  it('makes an e-value of every likelihood ratio: its expectation without an effect is one', () => {
    for (const oddsRatio of [0.5, 1.5, 5]) {
      const [row, other, column] = [4, 7, 5];
      let expectation = 0;
      for (let a = 0; a <= row; a++) {
        const counts = [a, row - a, column - a, other - column + a] as const;
        const none = logLikelihood(counts, 1);
        expectation += Math.exp(none) * Math.exp(logLikelihood(counts, oddsRatio) - none);
      }
      expect(expectation).toBeCloseTo(1, 12);
    }
  });
});

interface World {
  readonly seed: number;
  readonly decisions: number;
  readonly base: number;
  readonly effect: number;
  /** Share of decisions the conditions hold for. */
  readonly share: number;
  /** Added to every rate over the whole time. */
  readonly driftOfAll?: number;
}

/** The largest value on the way is kept, so the last look has what any of those before it had. */
function verdictOf({ seed, decisions, base, effect, share, driftOfAll = 0 }: World) {
  const random = seeded(seed * 7919);
  const inside = new Uint8Array(decisions);
  const asserted = new Uint8Array(decisions);
  for (let i = 0; i < decisions; i++) {
    inside[i] = Number(random() < share);
    asserted[i] = Number(random() < base + inside[i]! * effect + (driftOfAll * i) / decisions);
  }
  const evidence = sequentialEvidence({ inside, asserted }, hypothesisOddsRatio);
  return evidence.for >= NEEDED ? 'for' : evidence.against >= NEEDED ? 'against' : 'open';
}

function shareOf(verdict: 'for' | 'against', world: Omit<World, 'seed'>, runs = 250): number {
  let count = 0;
  for (let seed = 1; seed <= runs; seed++) if (verdictOf({ ...world, seed }) === verdict) count++;
  return count / runs;
}

describe('looked at however often', () => {
  it.each([
    { base: 0.5, share: 0.25, decisions: 1500 },
    { base: 0.3, share: 0.5, decisions: 1500 },
    { base: 0.8, share: 0.1, decisions: 1500 },
    { base: 0.3, share: 0.3, decisions: 1500, driftOfAll: 0.5 },
  ])('a false hypothesis is ever confirmed in at most 5 %%, refuted in at least 80 %%: %j', (world) => {
    expect(shareOf('for', { ...world, effect: 0 })).toBeLessThanOrEqual(0.05);
    if (world.share >= 0.25) expect(shareOf('against', { ...world, effect: 0 })).toBeGreaterThanOrEqual(0.8);
  });

  it('one that is worse than false is confirmed hardly ever, and refuted sooner', () => {
    const world = { base: 0.5, share: 0.3, decisions: 300, effect: -0.2 };
    expect(shareOf('for', world)).toBeLessThanOrEqual(0.01);
    expect(shareOf('against', world)).toBeGreaterThanOrEqual(0.9);
  });

  it.each([
    { base: 0.5, share: 0.5, decisions: 300, least: 0.9 },
    { base: 0.3, share: 0.5, decisions: 300, least: 0.9 },
    { base: 0.5, share: 0.25, decisions: 300, least: 0.85 },
    { base: 0.5, share: 0.25, decisions: 600, least: 0.97 },
  ])('a true one of +25 points is confirmed: %j', ({ least, ...world }) => {
    expect(shareOf('for', { ...world, effect: 0.25 })).toBeGreaterThanOrEqual(least);
  });

  it('a true one of the least effect worth knowing is refuted in at most 5 %', () => {
    // odds ratio 2 over one half
    const world = { base: 0.5, effect: 1 / 6, share: 0.3, decisions: 1500 };
    expect(shareOf('against', world)).toBeLessThanOrEqual(0.05);
    expect(shareOf('for', world)).toBeGreaterThanOrEqual(0.9);
  });
});

it('never falls while decisions are added, so looking more often finds no more', () => {
  const random = seeded(5);
  const inside = Uint8Array.from({ length: 400 }, () => Number(random() < 0.4));
  const asserted = Uint8Array.from(inside, () => Number(random() < 0.5));
  let last = { for: 1, against: 1 };
  for (let end = 0; end <= 400; end += 7) {
    const now = sequentialEvidence(
      { inside: inside.subarray(0, end), asserted: asserted.subarray(0, end) },
      2,
    );
    expect(now.for).toBeGreaterThanOrEqual(last.for);
    expect(now.against).toBeGreaterThanOrEqual(last.against);
    last = now;
  }
});

it('says nothing before there is a block of both sides', () => {
  const inside = Uint8Array.from([1, 1, 1, 1, 0, 0]);
  const asserted = Uint8Array.from([1, 1, 1, 1, 0, 0]);
  expect(sequentialEvidence({ inside, asserted }, 2)).toEqual({ for: 1, against: 1, blocks: 0 });
});
