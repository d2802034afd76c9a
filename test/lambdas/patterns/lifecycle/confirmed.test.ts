import { describe, expect, it } from '@jest/globals';
import type { PatternRetest } from '../../../../lambdas/patterns/lifecycle/pattern-retest.ts';
import { defaultLifecycleSettings } from '../../../../lambdas/patterns/lifecycle/lifecycle-settings.ts';
import type { Drift } from '../../../../lambdas/mining/judging/drift.ts';
import type { Pattern, Registration } from '../../../../lambdas/patterns/pattern.ts';
import { day, night, promoted, type Sketch, statusOf } from './nights.ts';

const registration = (evidence: number, until = day(90)): Registration => ({
  at: day(1),
  until,
  n: 60,
  successes: 54,
  rate: 0.9,
  othersRate: 0.5,
  evidence,
  evidenceAgainst: 0.01,
  needed: 20,
});
const stated: Pattern = {
  ...promoted[0]!,
  status: 'hypothesis',
  reason: 'collecting',
  registered: registration(1),
};
const explained: Sketch = { reason: 'explained_by_other', explainedBy: 'PATTERN-b' };
const testedAs = (registered: Registration): { retests: ReadonlyMap<string, PatternRetest> } => ({
  retests: new Map([[stated.patternId, { fresh: 0, registered }]]),
});
const confirmed = night(2, [stated], [], [explained], testedAs(registration(31)));

describe('a confirmed hypothesis that another pattern explains', () => {
  it('is promoted: it passed the test that was registered for it, and the record names what explains it', () => {
    expect(confirmed.patterns).toMatchObject([
      {
        status: 'promoted',
        reason: 'hypothesis_confirmed',
        explainedBy: 'PATTERN-b',
        registered: { evidence: 31 },
      },
    ]);
    expect(night(2, confirmed.patterns, [], [explained]).changes).toEqual([]);
  });

  it('stays so on later nights, until its own outcomes end it', () => {
    const later = night(3, confirmed.patterns, [], [explained]);
    expect(later.patterns).toMatchObject([{ status: 'promoted', explainedBy: 'PATTERN-b' }]);
    const drift: Drift = {
      statistic: defaultLifecycleSettings.driftThreshold + 1,
      n: 9,
      confidence: 0.1,
      changedAt: Date.parse(day(3)),
      changed: { n: 9, interval: [0.1, 0.6], baseline: 0.5 },
    };
    const { reference } = later.patterns[0]!;
    const retests = new Map<string, PatternRetest>([
      [stated.patternId, { fresh: 9, reference: reference!, drift }],
    ]);
    expect(statusOf(night(4, later.patterns, [], [explained], { retests }))).toMatchObject([
      { status: 'suspect', reason: 'drift_down' },
    ]);
  });

  it('is merged with what holds for the same decisions, before it is confirmed and after', () => {
    const same: Sketch = { reason: 'same_as_other', explainedBy: 'PATTERN-b' };
    for (const before of [stated, confirmed.patterns[0]!])
      expect(night(3, [before], [], [same], testedAs(registration(31))).patterns).toMatchObject([
        { status: 'retired', reason: 'merged', mergedInto: 'PATTERN-b' },
      ]);
  });

  it('waits while it is not confirmed, and is given up as explained when its days are over', () => {
    expect(statusOf(night(2, [stated], [], [explained], testedAs(registration(3))))).toMatchObject([
      { status: 'hypothesis', reason: 'explained_by_other' },
    ]);
    expect(statusOf(night(2, [stated], [], [explained], testedAs(registration(3, day(1)))))).toMatchObject([
      { status: 'retired', reason: 'explained_by_other' },
    ]);
  });
});
