import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  advanceOfferVerdicts,
  CONFIRM_LEVEL,
  type OwnTest,
} from '../../../../lambdas/patterns/lifecycle/offer-verdicts.ts';
import type { OfferVerdictRecord } from '../../../../lambdas/patterns/offer-verdict.ts';

const NOW = '2026-03-01T02:00:00.000Z';
const LATER = '2026-03-02T02:00:00.000Z';

const test = (patternId: string, change: Partial<OwnTest> = {}): OwnTest => ({
  owner: 'hunter',
  patternId,
  patternVersion: 1,
  resolved: 100,
  n: 30,
  successes: 24,
  rate: 0.8,
  baseline: 0.5,
  lowerBound: 0.63,
  pValue: 0.001,
  opposite: { pValue: 0.999, lowerBound: 0.1, baseline: 0.5 },
  ...change,
});

const stand = (tests: readonly OwnTest[], before: readonly OfferVerdictRecord[] = [], asOf = NOW) =>
  advanceOfferVerdicts({
    agentId: 'friend',
    runId: `RUN-${asOf}`,
    asOf,
    minOccurrences: 5,
    tests,
    before,
  }).map(({ after }) => after);

describe('how an offer stands', () => {
  it.each([
    ['confirmed', 'agrees', {}],
    ['unconfirmed', 'no_decisions', { resolved: 0, n: 0, pValue: 1 }],
    ['unconfirmed', 'too_few_occurrences', { n: 4 }],
    ['unconfirmed', 'not_significant', { pValue: CONFIRM_LEVEL * 1.01 }],
    ['unconfirmed', 'not_significant', { lowerBound: 0.5 }],
    [
      'contradicted',
      'opposite',
      { pValue: 1, lowerBound: 0.1, opposite: { pValue: 0.001, lowerBound: 0.6, baseline: 0.5 } },
    ],
  ] as const)('is %s (%s)', (standing, reason, change) => {
    expect(stand([test('P', change)])).toMatchObject([{ standing, reason, version: 1, since: NOW }]);
  });

  it('is corrected for how many are offered, but not for what was too rare to test', () => {
    const many = Array.from({ length: 10 }, (_, i) => test(`P${i}`, i === 0 ? {} : { pValue: 0.9 }));
    expect(stand(many)[0]).toMatchObject({ standing: 'unconfirmed', pValue: 0.001, adjustedPValue: 0.01 });
    const rare = many.map((one, i) => (i === 0 ? one : { ...one, n: 2 }));
    expect(stand(rare)[0]).toMatchObject({ standing: 'confirmed', adjustedPValue: 0.001 });
  });

  it('is easier kept than reached, and lost when the outcomes no longer agree', () => {
    const first = stand([test('P')]);
    const kept = stand([test('P', { pValue: 0.04 })], first, LATER);
    expect(kept).toMatchObject([{ standing: 'confirmed', version: 1, since: NOW, asOf: LATER }]);
    const lost = stand([test('P', { pValue: 0.06 })], kept, LATER);
    expect(lost).toMatchObject([{ standing: 'unconfirmed', version: 2, since: LATER }]);
  });

  it('judged again with its own result before it stays as it is', () => {
    const p = fc.double({ min: 0, max: 1, noNaN: true });
    const tests = fc.array(fc.record({ n: fc.nat(20), pValue: p, opposite: p, lowerBound: p }), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(tests, tests, (yesterday, today) => {
        const of = (drawn: typeof yesterday) =>
          drawn.map(({ n, pValue, opposite, lowerBound }, i) =>
            test(`P${i}`, {
              n,
              pValue,
              lowerBound,
              opposite: { pValue: opposite, lowerBound, baseline: 0.5 },
            }),
          );
        const before = stand(of(yesterday));
        const once = stand(of(today), before, LATER);
        expect(stand(of(today), once, LATER)).toEqual(once);
      }),
    );
  });
});
