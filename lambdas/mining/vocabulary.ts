/**
 * The vocabulary of patterns: what a condition is, the numbers of a conjunction, and what using a pattern did. Mining
 * owns it; patterns, advice and the API speak it.
 */

/** What a pattern claims of the decisions its conditions hold for. */
export type Asserts = 'success' | 'failure';

export type Scalar = string | number | boolean;

/**
 * One condition on a decision. `path` is the dotted path in `context` (a literal dot is `\.`), or `selected`,
 * `action`, `time.hourBucket`, `time.weekday`, `signal.<TYPE>`, `after.<TYPE>.<status>`,
 * `after.<agentId>.<TYPE>.<status>`; the last three `present`, and within a time that is part of the path: see
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
       * Quantile rank, 0 for the lowest: with the path it names the condition while cut points move. Absent where
       * somebody stated the bounds, which then name it.
       */
      readonly bin?: number;
    };

/** The numbers of one conjunction in one window of decisions. */
export interface PatternNumbers {
  /** Resolved decisions the conditions hold for. */
  readonly n: number;
  /** Successes among them, whatever is asserted. */
  readonly successes: number;
  /** Share of the asserted status among `n`. */
  readonly rate: number;
  /** Share of the asserted status among all resolved decisions of the type. */
  readonly baseline: number;
  /** rate / baseline; `null` when the baseline is 0. */
  readonly lift: number | null;
  /** Lower 95 % Wilson bound of `rate`. */
  readonly confidence: number;
  /** Largest of the one-sided tests it has to pass; see `explain`. */
  readonly pValue: number;
  /** p corrected for everything tested in the run; `null` when the pattern was tested alone. */
  readonly qValue: number | null;
  /** Asserted rate in the latest third of its occurrences. */
  readonly recentRate: number;
  /** The type's asserted rate over the span of that third (over the window if the span holds nothing else). */
  readonly recentBaseline: number;
  /** UTC days it occurred on. */
  readonly days: number;
  /** `null` when it never occurred. */
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
  /** The old rule of thumb, for comparison only: it promotes noise. */
  readonly heuristicConfidence: number;
  /** Outcome metrics of its decisions, population deviation. */
  readonly metrics: Readonly<Record<string, { readonly mean: number; readonly sd: number }>>;
}

/** One 2×2 comparison behind a pattern's p-value. */
export interface Comparison {
  /**
   * `others`: decisions the conditions do not hold for; `part`: a part's rows that lack the rest of the conditions.
   * For each signal or sequence among the conditions, the decisions that lack just that one, compared within the same
   * hours of the day (`same_hours`) and within the same days (`same_days`): the table adds up the hours or days that
   * have both, the p-value is stratified.
   */
  readonly against: 'others' | 'part' | 'same_hours' | 'same_days';
  /** The conditions both sides have; empty for `others`. */
  readonly part: readonly Condition[];
  /** Rows: with all conditions / compared with. Columns: asserted status / the other one. */
  readonly table: readonly [readonly [number, number], readonly [number, number]];
  readonly pValue: number;
}

export interface Explanation {
  /** The first is against all others; the largest p-value is the pattern's own. */
  readonly comparisons: readonly Comparison[];
  /** What would refute it, one plain sentence with numbers. */
  readonly refutedBy: string;
}

/** One agent's part in a pattern that agents learned together. */
export interface Contributor {
  readonly agentId: string;
  /** Its resolved decisions the conditions hold for, and the successes among them. */
  readonly n: number;
  readonly successes: number;
  /** Share of the asserted status among all its resolved decisions of the type. */
  readonly baseline: number;
  /** One-sided Fisher exact test among its own decisions, against those the conditions do not hold for. */
  readonly pValue: number;
}

export interface Reference {
  /** Later occurrences are held against it. */
  readonly since: string;
  /** Lower bound of its rate: the most it had while it did not drift. */
  readonly confidence: number;
  readonly baseline: number;
  readonly n: number;
}

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
