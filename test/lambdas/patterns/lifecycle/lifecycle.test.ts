import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { advance, mergeDigests } from '../../../../lambdas/patterns/lifecycle/lifecycle.ts';
import { defaultMiningSettings } from '../../../../lambdas/mining/settings.ts';
import type { Pattern } from '../../../../lambdas/patterns/pattern.ts';
import { day, finding, mined, night, promoted, statusOf } from './nights.ts';

describe('the life of a pattern', () => {
  it('begins as a candidate while it is not significant after correction, and is promoted when it is', () => {
    const first = night(1, [], [{ pValue: 0.01 }]);
    expect(statusOf(first)).toEqual([{ status: 'candidate', reason: 'not_significant', version: 1 }]);
    const second = night(2, first.patterns, [{ promote: true }]);
    expect(statusOf(second)).toEqual([{ status: 'promoted', reason: 'significant', version: 2 }]);
  });

  it('is no candidate when it is not even significant alone, or explained by another', () => {
    expect(night(1, [], [{ pValue: 0.06 }]).patterns).toEqual([]);
    expect(night(1, [], [{ reason: 'explained_by_conjunction', explainedBy: 'PATTERN-b' }]).patterns).toEqual(
      [],
    );
  });

  it('drops a candidate that was never promoted and no longer makes the cut', () => {
    const first = night(1, [], [{ pValue: 0.01 }]);
    expect(night(2, first.patterns, []).dropped).toEqual(first.patterns);
  });

  it('stays promoted under milder terms than it was promoted on', () => {
    const after = night(2, promoted, [], [{ pValue: 0.04 }]);
    expect(statusOf(after)).toEqual([{ status: 'promoted', reason: 'still_holds', version: 1 }]);
  });

  it.each([
    ['below_baseline', { confidence: 0.5, rate: 0.6 }],
    ['not_significant', { pValue: 0.051, rate: 0.7 }],
  ])('becomes suspect first, retired when it fails again at a later time: %s', (reason, sketch) => {
    const suspect = night(2, promoted, [], [sketch]);
    expect(statusOf(suspect)).toEqual([{ status: 'suspect', reason, version: 2 }]);
    expect(statusOf(night(2, suspect.patterns, [], [sketch]))).toEqual(statusOf(suspect));
    const retired = night(3, suspect.patterns, [], [sketch]);
    expect(statusOf(retired)).toEqual([{ status: 'retired', reason, version: 3 }]);
    expect(statusOf(night(3, suspect.patterns, [], [{}]))).toMatchObject([
      { status: 'promoted', version: 3 },
    ]);
    expect(statusOf(night(4, retired.patterns, [], []))).toEqual(statusOf(retired));
    expect(statusOf(night(4, retired.patterns, [{ promote: true }]))).toMatchObject([{ status: 'promoted' }]);
  });

  it('retires when a newly promoted conjunction explains it', () => {
    const after = night(2, promoted, [
      { id: 'PATTERN-b', promote: true },
      { reason: 'explained_by_conjunction', explainedBy: 'PATTERN-b' },
    ]);
    expect(after.patterns.find(({ patternId }) => patternId === 'PATTERN-a')).toMatchObject({
      status: 'retired',
      reason: 'explained_by_conjunction',
      explainedBy: 'PATTERN-b',
    });
  });

  it('retires when a promoted pattern explains it, though mining does not list it', () => {
    const after = night(
      2,
      promoted,
      [{ id: 'PATTERN-b', promote: true }],
      [{ reason: 'explained_by_conjunction', explainedBy: 'PATTERN-b', pValue: 1e-4 }],
    );
    expect(after.patterns.find(({ patternId }) => patternId === 'PATTERN-a')).toMatchObject({
      status: 'retired',
      reason: 'explained_by_conjunction',
      explainedBy: 'PATTERN-b',
    });
  });

  it('goes dormant when its evidence has aged out, and wakes when it is found again', () => {
    const dormant = night(2, promoted, [], [{ n: 4 }]);
    expect(statusOf(dormant)).toEqual([{ status: 'dormant', reason: 'evidence_aged_out', version: 2 }]);
    expect(night(3, dormant.patterns, []).changes).toEqual([]);
    expect(statusOf(night(3, dormant.patterns, [{ promote: true }]))).toMatchObject([{ status: 'promoted' }]);
  });

  it('has a new version when its rate has moved by 0.05 since the last one, however slowly', () => {
    const first = night(2, promoted, [{ promote: true, rate: 0.87 }]);
    expect(first.patterns[0]).toMatchObject({ version: 1, rate: 0.87, versionRate: 0.9 });
    const second = night(3, first.patterns, [{ promote: true, rate: 0.85 }]);
    expect(second.patterns[0]).toMatchObject({
      version: 2,
      rate: 0.85,
      versionRate: 0.85,
      statusSince: day(1),
    });
  });

  it('keeps the promoted of a type within their limit: newly significant first, then by confidence', () => {
    const after = night(
      2,
      promoted,
      [
        { id: 'PATTERN-b', promote: true, confidence: 0.6 },
        { id: 'PATTERN-c', promote: true, confidence: 0.65 },
      ],
      [{ confidence: 0.8 }],
      { settings: { maxPromoted: 2 } },
    );
    expect(after.patterns.map(({ patternId, status }) => [patternId, status])).toEqual([
      ['PATTERN-b', 'promoted'],
      ['PATTERN-c', 'promoted'],
      ['PATTERN-a', 'retired'],
    ]);
  });

  it('stores no number that DynamoDB cannot hold', () => {
    const extreme = finding({ promote: true, pValue: 1e-300 });
    const after = advance({
      agentId: 'a',
      decisionType: 'T',
      runId: 'R',
      asOf: day(1),
      settings: defaultMiningSettings,
      previous: [],
      retested: [],
      mined: mined([
        {
          ...extreme,
          numbers: {
            ...extreme.numbers,
            metrics: { big: { mean: 1, sd: Infinity }, tiny: { mean: 1e-140, sd: 0 } },
          },
        },
      ]),
    });
    expect(after.patterns[0]).toMatchObject({ pValue: 1e-100, metrics: { tiny: { mean: 0, sd: 0 } } });
    expect(after.patterns[0]!.metrics).not.toHaveProperty('big');
  });

  const sketches = fc.uniqueArray(
    fc.record({
      id: fc.constantFrom('PATTERN-a', 'PATTERN-b', 'PATTERN-c', 'PATTERN-d'),
      promote: fc.boolean(),
      explainedBy: fc.option(fc.constant('PATTERN-d'), { nil: undefined, freq: 5 }),
      n: fc.integer({ min: 0, max: 40 }),
      rate: fc.constantFrom(0.5, 0.82, 0.85, 0.9),
      confidence: fc.constantFrom(0.4, 0.6, 0.7),
      recentRate: fc.constantFrom(0.4, 0.8),
      pValue: fc.constantFrom(1e-9, 0.01, 0.049, 0.2),
    }),
    { selector: ({ id }) => id, maxLength: 4 },
  );

  it('is a fixpoint: the same night twice changes nothing, and nothing that was promoted is ever dropped', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(sketches, sketches), { maxLength: 6 }), (nights) => {
        let patterns: readonly Pattern[] = [];
        const everPromoted = new Set<string>();
        nights.forEach(([listed, alone], i) => {
          const input = { settings: { maxPromoted: 2 } };
          const all = (['a', 'b', 'c', 'd'] as const).map((x) => ({ id: `PATTERN-${x}`, n: 0, pValue: 1 }));
          const stated = [...alone, ...all.filter(({ id }) => !alone.some((s) => s.id === id))];
          const first = night(i + 1, patterns, listed, stated, input);
          const second = night(i + 1, first.patterns, listed, stated, input);
          expect(second.changes).toEqual([]);
          expect(second.dropped).toEqual([]);
          for (const { status, patternId } of first.patterns)
            if (status === 'promoted') everPromoted.add(patternId);
          const present = new Set(first.patterns.map(({ patternId }) => patternId));
          for (const patternId of everPromoted) expect(present).toContain(patternId);
          patterns = first.patterns;
        });
      }),
      { numRuns: 300 },
    );
  });
});

describe('digests', () => {
  const digest = (n: number) => ({ decisionId: `T-${n}`, timestamp: day(n), status: 'success' as const });

  it('outlive the window; inside it they follow the decisions', () => {
    const kept = [digest(9), digest(5), digest(2)];
    // Day 9 no longer matches (its outcome was voided), day 10 is new, and the window begins after day 5.
    expect(mergeDigests(kept, [digest(10)], day(5))).toEqual([digest(10), digest(5), digest(2)]);
  });

  it('are the newest fifty', () => {
    const many = Array.from({ length: 60 }, (_, i) => digest(i + 1));
    const merged = mergeDigests(many.slice(0, 30), many.slice(30), day(30));
    expect(merged).toHaveLength(50);
    expect(merged[0]).toEqual(digest(60));
  });
});
