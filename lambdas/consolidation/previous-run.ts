import type { PreviousLook } from '../cases/new-decisions.ts';
import type { LastRun } from './run.ts';

/**
 * The last run that looked at less than one at `asOf`; undefined when there was none that is known of. The same run
 * again is measured by what the first one was: it spends no more and no less.
 */
export const previousRunBefore = (asOf: string, previous: LastRun | undefined): PreviousLook | undefined =>
  [previous, previous?.before].find((run) => run !== undefined && run.asOf < asOf);

/** What a run's own record keeps of it. */
export const beforeOf = (previousLook: PreviousLook | undefined): Pick<LastRun, 'before'> =>
  previousLook ? { before: { asOf: previousLook.asOf, startedAt: previousLook.startedAt } } : {};
