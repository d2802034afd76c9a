import { describe, expect, it } from '@jest/globals';
import { DecisionTimeline, MAX_LOOK_BACK, shortHash } from '../../../lambdas/cases/decision-timeline.ts';
import type { DecisionMark } from '../../../lambdas/decisions/decision.ts';

const HOUR = 3_600_000;
const T0 = Date.parse('2026-02-01T00:00:00.000Z');
const at = (hours: number) => new Date(T0 + hours * HOUR).toISOString();

const mark = (
  hours: number,
  status?: 'success' | 'failure' | 'voided',
  knownAfter = 0,
  decisionId = `T-${hours}`,
): DecisionMark => ({
  decisionId,
  timestamp: at(hours),
  ...(status && { outcome: { status, occurredAt: at(hours + knownAfter) } }),
});

/** @param marks in any order */
function statuses(marks: readonly DecisionMark[], hours: number, windowHours = 24, parent?: DecisionMark) {
  const timeline = new DecisionTimeline();
  for (const one of [...marks].sort((a, b) => (a.timestamp < b.timestamp ? 1 : -1))) timeline.add(one);
  const time = T0 + hours * HOUR;
  const place = parent && {
    time: Date.parse(parent.timestamp),
    hash: shortHash(parent.decisionId),
  };
  return timeline.statusesAt(time, time - windowHours * HOUR, place).sort();
}

describe('what a decision came after', () => {
  it('is the last one with its outcome', () => {
    expect(statuses([mark(1, 'failure'), mark(2, 'success')], 5)).toEqual(['success']);
    expect(statuses([mark(1, 'success'), mark(2, 'failure')], 5)).toEqual(['failure']);
    expect(statuses([], 5)).toEqual([]);
  });

  it('knows no outcome before its time: until then the decision is pending', () => {
    const late = mark(2, 'success', 3);
    expect(statuses([late], 4.999)).toEqual(['pending']);
    expect(statuses([late], 5)).toEqual(['success']);
    expect(statuses([mark(1, 'failure'), late], 4)).toEqual(['failure', 'pending']);
  });

  it('takes a corrected outcome for known when the correction was: the first one is not stored', () => {
    const corrected = mark(1, 'failure', 10);
    expect(statuses([corrected], 8)).toEqual(['pending']);
    expect(statuses([corrected], 11)).toEqual(['failure']);
  });

  it('passes over what was voided, once that was known', () => {
    expect(statuses([mark(1, 'success'), mark(2, 'voided')], 3)).toEqual(['success']);
    expect(statuses([mark(1, 'success'), mark(2, 'voided', 5)], 3)).toEqual(['pending', 'success']);
  });

  it('lies within the window, its beginning included, and before the decision, not beside it', () => {
    expect(statuses([mark(1, 'success')], 25)).toEqual(['success']);
    expect(statuses([mark(1, 'success')], 25.001)).toEqual([]);
    expect(statuses([mark(5, 'success')], 5)).toEqual([]);
  });

  it('is the parent it names, before any other', () => {
    const parent = mark(1, 'failure', 1);
    const others = [mark(2, 'success'), mark(3, 'success')];
    expect(statuses([parent, ...others], 5, 24, parent)).toEqual(['failure']);
    expect(statuses([parent, ...others], 1.5, 24, parent)).toEqual(['pending']);
    expect(statuses([parent, ...others], 30, 24, parent)).toEqual([]);
  });

  it('is the parent also at the same instant, and among several of one instant', () => {
    const [a, b, c] = (['success', 'failure', 'success'] as const).map((status, i) =>
      mark(5, status, 0, `T-same-${i}`),
    );
    expect(statuses([a!, b!, c!], 5, 24, b)).toEqual(['failure']);
  });

  it('does not look further back than so many decisions', () => {
    const open = Array.from({ length: MAX_LOOK_BACK }, (_, i) => mark(10 + i / 100));
    expect(statuses([mark(9, 'success'), ...open], 12)).toEqual(['pending']);
    expect(statuses([mark(9, 'success'), ...open.slice(1)], 12)).toEqual(['pending', 'success']);
  });
});
