import type { Asserts, Condition, Explanation, PatternNumbers, Scalar } from './vocabulary.ts';

/** All thresholds of feature extraction, testing and promotion. The defaults are the numbers of the design. */
export interface MiningSettings {
  /** Conditions in one conjunction, at most. @default 3 */
  readonly maxConditions: number;
  /** @default 5 */
  readonly minOccurrences: number;
  /** UTC days of `timestamp` on which it must occur. @default 2 */
  readonly minDays: number;
  /** Normal quantile of the Wilson bound. @default 1.96 */
  readonly wilsonZ: number;
  /** Level of the corrected p-value at a first run; see judging/correction.ts. @default 0.05 */
  readonly maxQValue: number;
  /** Level at which an effect must remain beside other patterns and conditions. @default 0.001 */
  readonly strictLevel: number;
  /** Commonest values of a path that are tested. @default 32 */
  readonly maxValuesPerPath: number;
  /** Numbers with more distinct values than this are cut at their quartiles. @default 8 */
  readonly maxDistinctNumbers: number;
  /** Strings longer than this are not values. @default 128 */
  readonly maxStringLength: number;
  /** A signal seen within this time before a decision is a feature of it. Whole minutes. @default 4 h */
  readonly signalWindowMs: number;
  /** Signal types with a window of their own. @default none */
  readonly signalWindowsMs: Readonly<Record<string, number>>;
  /** A decision within this time before another is a predecessor of it. Whole minutes. @default 24 h */
  readonly sequenceWindowMs: number;
  /** @default 50 */
  readonly maxCandidates: number;
  /** @default 200 */
  readonly maxPromoted: number;
}

/** The parts of a decision from which its features are made. */
export interface DecisionFacts {
  readonly decisionId: string;
  readonly timestamp: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly action?: string;
  readonly selected?: readonly string[];
  /** Types of the signals that triggered it, or that were seen before it within the configured window of their type. */
  readonly signalTypes: ReadonlySet<string>;
  /** Further windowed paths that hold (see cases/windowed-path.ts): other windows, and earlier decisions. */
  readonly preceding?: readonly string[];
}

/** The raw value of a feature: a scalar, a set for an array, or mere presence. Cut points come later. */
export type FeatureValue =
  | { readonly kind: 'value'; readonly value: Scalar }
  | { readonly kind: 'set'; readonly values: readonly Scalar[] }
  | { readonly kind: 'present' };
export type Features = ReadonlyMap<string, FeatureValue>;

/** One resolved decision, in the form that the miner takes. */
export interface ResolvedCase {
  readonly decisionId: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly success: boolean;
  readonly features: Features;
  readonly action?: string;
  readonly metrics?: Readonly<Record<string, number>>;
}

/** The reason why a tested conjunction is not promoted. */
export type RejectionReason =
  | 'too_few_occurrences'
  | 'too_few_days'
  | 'below_baseline'
  | 'not_significant'
  | 'recent_rate_below'
  /** It is a part of a promoted conjunction, and its effect outside that conjunction is not significant. */
  | 'explained_by_conjunction'
  /** It states a promoted rule from the other side, by the other values of the same field. */
  | 'mirror_image'
  /** It holds for nearly the same decisions as a pattern that stands. */
  | 'same_as_other'
  /** It is correlated with a stronger pattern, and no effect is left where that one is held constant. */
  | 'explained_by_other'
  /** It combines promoted patterns that do no more together than each adds alone. */
  | 'explained_by_parts'
  /** Significant, but not at the share of the level that a run over mostly the same decisions may spend. */
  | 'level_spent'
  /** A signal or a sequence without effect when compared within the same hours of the day. */
  | 'explained_by_hour'
  /** A signal or a sequence without effect when compared within the same days: a drift explains it. */
  | 'explained_by_period'
  | 'over_limit'
  /** In a pool of agents: no effect is left when each agent is compared only with itself. */
  | 'not_significant_by_agent'
  /** In a pool of agents: no effect is left without one of them, or fewer than two of them show it. */
  | 'carried_by_one_agent';

export interface Finding {
  /** Stable: a hash of agent, type, assertion and conditions, each condition by its path and value or quantile rank. */
  readonly patternId: string;
  readonly asserts: Asserts;
  readonly conditions: readonly Condition[];
  readonly numbers: PatternNumbers;
  readonly explain: Explanation;
  readonly description: string;
  readonly verdict: 'promote' | 'reject';
  readonly reason: 'significant' | RejectionReason;
  /** The pattern that explains it away. */
  readonly explainedBy?: string;
  /** Other wordings merged into it: conditions that hold for nearly the same decisions. */
  readonly sameAs?: readonly SameAs[];
  /** The newest decisions for which it holds, newest first, at most 50. */
  readonly evidence: readonly {
    readonly decisionId: string;
    readonly timestamp: string;
    readonly status: 'success' | 'failure';
    readonly action?: string;
    /** The agent that made it, where the decisions are of several agents. */
    readonly agentId?: string;
  }[];
}

/** Another wording of a pattern. */
export interface SameAs {
  readonly patternId: string;
  readonly conditions: readonly Condition[];
}

/** A conjunction that was asserted, not found by a search. */
export interface Stated {
  readonly asserts: Asserts;
  readonly conditions: readonly Condition[];
}

/** A pattern known from earlier runs. */
export interface Known extends Stated {
  /** Of several patterns that say the same, this one stays, even if another is stronger tonight. @default false */
  readonly incumbent?: boolean;
}

/** Counts of what a run left out, because there was too much of it. */
export interface MiningLimits {
  /** The rarest values: they were tested alone and in pairs, but not in conjunctions of three. */
  readonly notInTriples: number;
  /** The weakest significant conjunctions: they were not compared with the others, hence not promoted. */
  readonly notCompared: number;
  /** Values that were ignored, because contexts have too many different paths. */
  readonly notTaken: number;
}

export interface MiningResult {
  readonly resolved: number;
  readonly successes: number;
  /** Conjunctions tested; each of the two assertions counts. */
  readonly tested: number;
  /**
   * First the promoted ones. Then the rejected ones with the lowest q-values, at most `maxCandidates` per assertion.
   * Then the known ones that others explain.
   */
  readonly findings: readonly Finding[];
  /** Number of tested conjunctions that failed, by reason. */
  readonly rejected: Readonly<Partial<Record<RejectionReason, number>>>;
  /** Paths that have more values than are tested. */
  readonly truncatedPaths: readonly string[];
  /** Absent when nothing was left out. */
  readonly limits?: MiningLimits;
}
