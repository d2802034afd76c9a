import type { Decision } from '../decisions/decision.ts';
import type { LastRun } from './run.ts';

/** A run that looked before: the end of its window, and when it read. */
export interface LookedAt {
  readonly asOf: string;
  readonly startedAt: string;
}

/**
 * The last run that looked at less than one at `asOf`; undefined when there was none that is known of. The same run
 * again is measured by what the first one was: it spends no more and no less.
 */
export const lookedAtBefore = (asOf: string, previous: LastRun | undefined): LookedAt | undefined =>
  [previous, previous?.before].find((run) => run !== undefined && run.asOf < asOf);

/** What a run's own record keeps of it. */
export const beforeOf = (lookedAt: LookedAt | undefined): Pick<LastRun, 'before'> =>
  lookedAt ? { before: { asOf: lookedAt.asOf, startedAt: lookedAt.startedAt } } : {};

/**
 * Whether no earlier run has seen a resolved decision with an outcome: it was made or written since, or its first
 * outcome came since. Another outcome for one that had one is no new decision, however often it is put; one that says
 * it came before the last run is taken at its word.
 */
export const isNewSince = (decision: Decision, lookedAt: LookedAt | undefined): boolean =>
  lookedAt === undefined ||
  decision.timestamp > lookedAt.asOf ||
  decision.loggedAt > lookedAt.startedAt ||
  (decision.outcomeRevision <= 1 &&
    decision.outcome !== undefined &&
    decision.outcome.occurredAt > lookedAt.asOf);
