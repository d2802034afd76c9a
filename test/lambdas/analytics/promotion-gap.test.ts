import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { lacksOf, neededFor } from '../../../lambdas/analytics/promotion-gap.ts';
import { fisherOneSided } from '../../../lambdas/mining/statistics/fisher.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import { wilsonLowerBound } from '../../../lambdas/mining/statistics/wilson.ts';
import type { Pattern } from '../../../lambdas/patterns/pattern.ts';
import { seeded } from '../mining/case-generator.ts';

const settings = defaultMiningSettings;

/** A candidate: `hits` of `n`, against `otherHits` of `others`. */
function candidate(n: number, hits: number, others: number, otherHits: number, more: Partial<Pattern> = {}) {
  const baseline = (hits + otherHits) / (n + others);
  const pValue = fisherOneSided(hits, n - hits, otherHits, others - otherHits);
  return {
    status: 'candidate',
    reason: 'not_significant',
    n,
    rate: n === 0 ? 0 : hits / n,
    baseline,
    confidence: wilsonLowerBound(hits, n),
    pValue,
    qValue: null,
    days: 3,
    recentRate: 0.9,
    recentBaseline: 0.5,
    explain: {
      comparisons: [
        {
          against: 'others',
          part: [],
          table: [
            [hits, n - hits],
            [otherHits, others - otherHits],
          ],
          pValue,
        },
      ],
      refutedBy: '',
    },
    ...more,
  } as unknown as Pattern;
}

const criteria = (pattern: Pattern) => lacksOf(pattern, settings).map(({ criterion }) => criterion);

describe('what a candidate lacks', () => {
  it('is, for what is significant but was looked at before, the share of the level such a look may spend', () => {
    const pattern = candidate(60, 50, 90, 40, { qValue: 0.01, reason: 'level_spent' });
    expect(lacksOf(pattern, settings)).toEqual([
      {
        criterion: 'significance',
        have: 0.01,
        need: 0.0025,
        message:
          'Most of its decisions were looked at before; for such a look its q-value, 0.010, needs to be at most 0.0025.',
      },
    ]);
    expect(neededFor(pattern, settings).more).toBeGreaterThan(0);
  });

  it('is named with the number it has and the one it needs', () => {
    const pattern = candidate(30, 20, 70, 35, { qValue: 0.31 });
    expect(lacksOf(pattern, settings)).toEqual([
      {
        criterion: 'baseline',
        have: pattern.confidence,
        need: 0.55,
        message: 'Its lower bound, 48.8 %, is not above the 55.0 % of all decisions.',
      },
      {
        criterion: 'significance',
        have: 0.31,
        need: 0.05,
        message: 'Among everything tested its q-value is 0.31; it needs at most 0.05.',
      },
    ]);
  });

  it('is anything it is asked for', () => {
    expect(criteria(candidate(4, 4, 96, 48, { days: 1, pValue: 0.04 }))).toEqual([
      'occurrences',
      'days',
      'baseline',
    ]);
    expect(criteria(candidate(40, 36, 60, 20, { recentRate: 0.5 }))).toEqual(['recent_rate']);
    expect(
      criteria(candidate(40, 36, 60, 20, { reason: 'explained_by_other', explainedBy: 'PATTERN-b' })),
    ).toEqual(['explained_by_other']);
    expect(criteria(candidate(40, 36, 60, 20, { reason: 'over_limit' }))).toEqual(['place']);
  });
});

describe('how many more decisions it needs', () => {
  it('is enough in four of five logs at its rates, and hardly more', () => {
    const pattern = candidate(30, 20, 70, 35);
    const { decisions, more } = neededFor(pattern, settings);
    expect(more).toBe(decisions! - 30);
    const random = seeded(3);
    const draw = (n: number, p: number) => {
      let hits = 0;
      for (let i = 0; i < n; i++) hits += Number(random() < p);
      return hits;
    };
    const share = (n: number) => {
      let passed = 0;
      for (let run = 0; run < 1000; run++) {
        const others = Math.round((n * 7) / 3);
        const [hits, otherHits] = [draw(n, 2 / 3), draw(others, 1 / 2)];
        const significant = fisherOneSided(hits, n - hits, otherHits, others - otherHits) <= 0.05;
        passed += Number(significant && wilsonLowerBound(hits, n) > 0.55);
      }
      return passed / 1000;
    };
    expect(share(decisions!)).toBeGreaterThan(0.75);
    expect(share(Math.round(decisions! * 0.6))).toBeLessThan(0.72);
  });

  it('is more when everything else was tested as well, and null where its rate is no better', () => {
    const alone = neededFor(candidate(30, 20, 70, 35), settings);
    const corrected = neededFor(candidate(30, 20, 70, 35, { qValue: 0.9 }), settings);
    expect(corrected.decisions!).toBeGreaterThan(alone.decisions!);
    // a q-value that was cut off at 1: the more was tested, the more it needs
    const cutOff = (tested: number) =>
      neededFor(candidate(30, 20, 70, 35, { qValue: 1 }), settings, tested).decisions!;
    expect(cutOff(1)).toBe(alone.decisions);
    expect(cutOff(100)).toBeGreaterThan(corrected.decisions!);
    expect(cutOff(10_000)).toBeGreaterThan(cutOff(100));
    expect(neededFor(candidate(30, 10, 70, 35), settings)).toMatchObject({ decisions: null, more: null });
    expect(neededFor(candidate(0, 0, 70, 35), settings).decisions).toBeNull();
  });

  it('is a whole number that never undoes what is there', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(60), fc.nat(60), fc.nat(60), (a, b, c, d) => {
        const { decisions, more } = neededFor(candidate(a + b, a, c + d, c), settings);
        if (decisions === null) return expect(more).toBeNull();
        expect(Number.isSafeInteger(decisions)).toBe(true);
        expect(more).toBe(Math.max(0, decisions - a - b));
      }),
    );
  });
});
