/**
 * What an agent's own outcomes say of a pattern that somebody else learned:
 *
 * - `unconfirmed`: nothing yet, or nothing clear
 * - `confirmed`: the pattern holds in the agent's own decisions, tested alone
 * - `contradicted`: they turn out significantly the other way
 */
export type Standing = 'unconfirmed' | 'confirmed' | 'contradicted';

export type StandingReason =
  | 'agrees'
  | 'opposite'
  | 'not_significant'
  | 'too_few_occurrences'
  /** The agent has no resolved decision of the type. */
  | 'no_decisions';

/** The test of an offered pattern on one agent's own decisions, as it stands. */
export interface StandingRecord {
  /** Whose outcomes these are. */
  readonly agentId: string;
  readonly owner: string;
  readonly patternId: string;
  readonly standing: Standing;
  readonly reason: StandingReason;
  /** The agent's own resolved decisions the conditions hold for, and what became of them. */
  readonly n: number;
  readonly successes: number;
  /** Share of the asserted status among them, its lower 95 % Wilson bound, and the share among all of the type. */
  readonly rate: number;
  readonly lowerBound: number;
  readonly baseline: number;
  /** Largest of the one-sided Fisher tests; `adjustedPValue` after Holm over all patterns offered to the agent. */
  readonly pValue: number;
  readonly adjustedPValue: number;
  /** Version of the pattern that was tested. */
  readonly patternVersion: number;
  /** End of the window the numbers come from. */
  readonly asOf: string;
  /** Rises when the standing changes. */
  readonly version: number;
  /** `asOf` of the run that gave it its standing, and that run. */
  readonly since: string;
  readonly sinceRunId: string;
}
