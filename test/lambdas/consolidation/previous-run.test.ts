import { describe, expect, it } from '@jest/globals';
import { isNewSince } from '../../../lambdas/cases/new-decisions.ts';
import { previousRunBefore } from '../../../lambdas/consolidation/owner-consolidation.ts';
import type { LastRun } from '../../../lambdas/consolidation/run.ts';
import type { Decision } from '../../../lambdas/decisions/decision.ts';

const day = (n: number): string => new Date(Date.UTC(2026, 2, n)).toISOString();
const run = (n: number): { asOf: string; startedAt: string } => ({ asOf: day(n), startedAt: day(n) });
const lastRun = (n: number, before?: number): LastRun => ({
  runId: 'RUN',
  livePatterns: 0,
  ...run(n),
  ...(before !== undefined && { before: run(before) }),
});

describe('the run that looked before', () => {
  it('is the last one, and for the same night once more the one before it', () => {
    expect(previousRunBefore(day(20), undefined)).toBeUndefined();
    expect(previousRunBefore(day(20), lastRun(19, 18))).toMatchObject(run(19));
    expect(previousRunBefore(day(20), lastRun(20, 19))).toEqual(run(19));
    expect(previousRunBefore(day(20), lastRun(20))).toBeUndefined();
  });

  it('is not known for a night before both: that look is like a first one', () => {
    expect(previousRunBefore(day(5), lastRun(20, 10))).toBeUndefined();
  });
});

describe('a decision', () => {
  const decision = (more: { made?: number; logged?: number; ended?: number; revision?: number }): Decision =>
    ({
      timestamp: day(more.made ?? 1),
      loggedAt: day(more.logged ?? 1),
      outcomeRevision: more.revision ?? 1,
      outcome: { status: 'success', occurredAt: day(more.ended ?? 1) },
    }) as Decision;
  const isNew = (more: Parameters<typeof decision>[0]): boolean => isNewSince(decision(more), run(10));

  it('is new when it was made, written, or had its first outcome since', () => {
    expect([isNew({}), isNew({ made: 11 }), isNew({ logged: 11 }), isNew({ ended: 11 })]).toEqual([
      false,
      true,
      true,
      true,
    ]);
    expect(isNewSince(decision({}), undefined)).toBe(true);
  });

  it('is not new because its outcome was put once more', () => {
    expect(isNew({ ended: 11, revision: 2 })).toBe(false);
  });
});
