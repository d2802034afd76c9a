import type { Decision } from '../decisions/decision.ts';

/** An earlier run: the end of its window, and the time when it read. */
export interface PreviousLook {
  readonly asOf: string;
  readonly startedAt: string;
}

/**
 * True when no earlier run has seen the decision with an outcome: it was made or written since, or its first outcome came
 * since. A corrected outcome does not make a decision new. An outcome's own `occurredAt` is taken as true.
 */
export const isNewSince = (decision: Decision, previous: PreviousLook | undefined): boolean =>
  previous === undefined ||
  decision.timestamp > previous.asOf ||
  decision.loggedAt > previous.startedAt ||
  (decision.outcomeRevision <= 1 &&
    decision.outcome !== undefined &&
    decision.outcome.occurredAt > previous.asOf);
