/** Decisions of one side of a comparison. */
export interface EffectGroup {
  /** Resolved decisions. */
  readonly n: number;
  readonly successes: number;
  /** Null where there is nothing. */
  readonly rate: number | null;
  /** 95 %, Wilson; null where there is nothing. */
  readonly interval: readonly [number, number] | null;
}

/** With and without, in the same situation. */
export interface EffectContrast {
  readonly with: EffectGroup;
  readonly without: EffectGroup;
  /** Decisions in weeks that have both: only they are compared. */
  readonly compared: { readonly with: number; readonly without: number };
  /** Rate with minus rate without, week by week; null when no week has both. */
  readonly difference: number | null;
  /** 95 %, stratified Newcombe. */
  readonly interval: readonly [number, number] | null;
  /** One-sided, valid at every look: a harmless pattern is at or below p on any night with probability p at most. */
  readonly pWorse: number;
  readonly pBetter: number;
}

export interface Effect extends EffectContrast {
  /** UTC day of the first use in the window, where the comparison begins. */
  readonly since: string;
}

/** What using a pattern did. `applied` and `shown` are two comparisons, each null when there was no such use. */
export interface MemoryEffect {
  /** Decisions that say they applied it, against all others in its situation. */
  readonly applied: Effect | null;
  /** Decisions whose exposure showed it, against all others in its situation. */
  readonly shown: Effect | null;
}
