/**
 * The vocabulary of patterns: conditions, the numbers of a conjunction, and the effect of using a pattern. Mining owns
 * it; patterns, advice and the API use it.
 */

/** The outcome that a pattern claims for the decisions that meet its conditions. */
export type Asserts = 'success' | 'failure';

export type Scalar = string | number | boolean;

/**
 * One condition on a decision. `path` is the dotted path in `context` (a literal dot is `\.`), or `selected`,
 * `action`, `time.hourBucket`, `time.weekday`, `signal.<TYPE>`, `after.<TYPE>.<status>`,
 * `after.<agentId>.<TYPE>.<status>`. The last three go with `present`, and their time window is part of the path: see
 * cases/windowed-path.ts.
 */
export type Condition =
  | { readonly path: string; readonly op: 'eq'; readonly value: Scalar }
  | { readonly path: string; readonly op: 'contains'; readonly value: Scalar }
  | { readonly path: string; readonly op: 'present' }
  | {
      readonly path: string;
      readonly op: 'in_range';
      /** Inclusive; `null` is open. */
      readonly min: number | null;
      /** Exclusive; `null` is open. */
      readonly max: number | null;
      /**
       * Quantile rank, 0 for the lowest. With the path it names the condition, so the name stays while cut points move.
       * Absent where the bounds were stated; then the bounds name it.
       */
      readonly bin?: number;
    };

/** The numbers of one conjunction in one window of decisions. */
export interface PatternNumbers {
  /** Resolved decisions that meet the conditions. */
  readonly n: number;
  /** Successes among them, whichever status is asserted. */
  readonly successes: number;
  /** Share of the asserted status among `n`. */
  readonly rate: number;
  /** Share of the asserted status among all resolved decisions of the type. */
  readonly baseline: number;
  /** rate / baseline; `null` when the baseline is 0. */
  readonly lift: number | null;
  /** Lower 95 % Wilson bound of `rate`. */
  readonly confidence: number;
  /** Largest p-value of the one-sided tests that it has to pass; see `explain`. */
  readonly pValue: number;
  /** p corrected for everything tested in the run; `null` when the pattern was tested alone. */
  readonly qValue: number | null;
  /** Asserted rate in the latest third of its occurrences. */
  readonly recentRate: number;
  /** The type's asserted rate over the span of that third, or over the window if the span holds nothing else. */
  readonly recentBaseline: number;
  /** UTC days on which it occurred. */
  readonly days: number;
  /** `null` when it never occurred. */
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
  /** The old rule of thumb, for comparison only: it would promote noise. */
  readonly heuristicConfidence: number;
  /** Outcome metrics of its decisions, with the population deviation. */
  readonly metrics: Readonly<Record<string, { readonly mean: number; readonly sd: number }>>;
}

/** One 2×2 comparison behind a pattern's p-value. */
export interface Comparison {
  /**
   * - `others`: the decisions that do not meet the conditions
   * - `part`: the decisions that meet a part of the conditions and lack the rest
   * - `same_hours`, `same_days`: for each signal or sequence among the conditions, the decisions that lack just that one.
   *   They are compared within the same hours of the day or within the same days. The table adds up the hours or days
   *   that have both; the p-value is stratified.
   */
  readonly against: 'others' | 'part' | 'same_hours' | 'same_days';
  /** The conditions that both sides meet; empty for `others`. */
  readonly part: readonly Condition[];
  /** Rows: with all conditions, and the decisions compared with. Columns: the asserted status, and the other one. */
  readonly table: readonly [readonly [number, number], readonly [number, number]];
  readonly pValue: number;
}

export interface Explanation {
  /** The first comparison is with all others. The largest p-value is the pattern's own. */
  readonly comparisons: readonly Comparison[];
  /** One plain sentence with numbers: the outcomes that would refute it. */
  readonly refutedBy: string;
}

/** One agent's part in a pattern that several agents learned together. */
export interface Contributor {
  readonly agentId: string;
  /** Its resolved decisions that meet the conditions, and the successes among them. */
  readonly n: number;
  readonly successes: number;
  /** Share of the asserted status among all its resolved decisions of the type. */
  readonly baseline: number;
  /** One-sided Fisher exact test among its own decisions: those that meet the conditions against the others. */
  readonly pValue: number;
}

/** The rate that a pattern promised when it was promoted. */
export interface Reference {
  /** Occurrences after this time are compared with it. */
  readonly since: string;
  /** Lower bound of its rate: the highest it had while it did not drift. */
  readonly confidence: number;
  readonly baseline: number;
  readonly n: number;
}

/** The decisions on one side of a comparison. */
export interface EffectGroup {
  /** Resolved decisions. */
  readonly n: number;
  readonly successes: number;
  /** Null without decisions. */
  readonly rate: number | null;
  /** 95 %, Wilson; null without decisions. */
  readonly interval: readonly [number, number] | null;
}

/** Decisions with a pattern and without it, in the same situation. */
export interface EffectContrast {
  readonly with: EffectGroup;
  readonly without: EffectGroup;
  /** Decisions of weeks that have both sides: only those are compared. */
  readonly compared: { readonly with: number; readonly without: number };
  /** Rate with minus rate without, compared week by week; null when no week has both. */
  readonly difference: number | null;
  /** 95 %, stratified Newcombe. */
  readonly interval: readonly [number, number] | null;
  /** One-sided and valid at every look: a harmless pattern ever reaches p or less with probability p at most. */
  readonly pWorse: number;
  readonly pBetter: number;
}

export interface Effect extends EffectContrast {
  /** UTC day of the first use in the window; the comparison begins there. */
  readonly since: string;
}

/** The effect of using a pattern: two comparisons, each null when there was no such use. */
export interface MemoryEffect {
  /** Decisions that say they applied it, compared with all others in its situation. */
  readonly applied: Effect | null;
  /** Decisions whose exposure showed it, compared with all others in its situation. */
  readonly shown: Effect | null;
}
