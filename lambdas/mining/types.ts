import type { Asserts, Condition, Explanation, PatternNumbers, Scalar } from './vocabulary.ts';

/** All thresholds of feature extraction, testing and promotion; the design's numbers are the defaults. */
export interface MiningSettings {
  /** Conditions in one conjunction, at most. @default 3 */
  readonly maxConditions: number;
  /** @default 5 */
  readonly minOccurrences: number;
  /** UTC days of `timestamp` it must occur on. @default 2 */
  readonly minDays: number;
  /** Normal quantile of the Wilson bound. @default 1.96 */
  readonly wilsonZ: number;
  /** Level of the corrected p-value at a first look; see correction.ts. @default 0.05 */
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
  /** A decision within this time before another is what that one came after. Whole minutes. @default 24 h */
  readonly sequenceWindowMs: number;
  /** @default 50 */
  readonly maxCandidates: number;
  /** @default 200 */
  readonly maxPromoted: number;
}

/** What of a decision the features are made from. */
export interface DecisionFacts {
  readonly decisionId: string;
  readonly timestamp: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly action?: string;
  readonly selected?: readonly string[];
  /** Types of the signals it was triggered by or that were seen within the type's configured window before it. */
  readonly signalTypes: ReadonlySet<string>;
  /** Windowed paths (see windowed-path.ts) that hold beside those: other windows, and what it came after. */
  readonly preceding?: readonly string[];
}

/** Raw feature values by path: a scalar, or a set for arrays, or `true` for presence. Cut points come later. */
export type FeatureValue =
  | { readonly kind: 'value'; readonly value: Scalar }
  | { readonly kind: 'set'; readonly values: readonly Scalar[] }
  | { readonly kind: 'present' };
export type Features = ReadonlyMap<string, FeatureValue>;

/** One resolved decision, as the miner takes it. */
export interface ResolvedCase {
  readonly decisionId: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly success: boolean;
  readonly features: Features;
  readonly action?: string;
  readonly metrics?: Readonly<Record<string, number>>;
}

/** Why a conjunction that was tested is not promoted. */
export type RejectionReason =
  | 'too_few_occurrences'
  | 'too_few_days'
  | 'below_baseline'
  | 'not_significant'
  | 'recent_rate_below'
  /** A part whose effect outside a promoted conjunction is not significant. */
  | 'explained_by_conjunction'
  /** The other values of a promoted rule's field, seen from the other side. */
  | 'mirror_image'
  /** The same thing said otherwise: nearly the same decisions as a pattern that stands. */
  | 'same_as_other'
  /** Correlated with a stronger pattern: no effect is left where that one is held constant. */
  | 'explained_by_other'
  /** A conjunction of promoted patterns that do no more together than each adds alone. */
  | 'explained_by_parts'
  /** Significant, but not at the share of the level a look at mostly the same decisions may spend. */
  | 'level_spent'
  /** A signal or a sequence that does no more than decisions at the same hours of the day without it. */
  | 'explained_by_hour'
  /** The same for decisions of the same days: what drifts is not what comes before. */
  | 'explained_by_period'
  | 'over_limit'
  /** Of several agents: gone when each is compared with itself only. */
  | 'not_significant_by_agent'
  /** Of several agents: gone when one of them is left out, or seen in fewer than two of them. */
  | 'carried_by_one_agent';

export interface Finding {
  /** Stable: a hash of agent, type, what is asserted and the conditions by path and value or quantile rank. */
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
  /** What was merged into it: other conditions that hold for nearly the same decisions. */
  readonly sameAs?: readonly SameAs[];
  /** The newest decisions it holds for, newest first, at most 50. */
  readonly evidence: readonly {
    readonly decisionId: string;
    readonly timestamp: string;
    readonly status: 'success' | 'failure';
    readonly action?: string;
    /** Who made it, where the decisions are of several agents. */
    readonly agentId?: string;
  }[];
}

/** Another way to say what a pattern says. */
export interface SameAs {
  readonly patternId: string;
  readonly conditions: readonly Condition[];
}

/** Asserted beforehand, not found. */
export interface Stated {
  readonly asserts: Asserts;
  readonly conditions: readonly Condition[];
}

/** A pattern known from earlier runs. */
export interface Known extends Stated {
  /** Of several that say the same, this one stays, though tonight another is stronger. @default false */
  readonly incumbent?: boolean;
}

/** What a run left out because there was too much of it. */
export interface MiningLimits {
  /** Values that were tested alone and in pairs, but not in conjunctions of three: the rarest. */
  readonly notInTriples: number;
  /** Significant conjunctions that were not compared with the others, hence not promoted: the weakest. */
  readonly notCompared: number;
  /** Values that were not looked at, because contexts have too many different paths. */
  readonly notTaken: number;
}

export interface MiningResult {
  readonly resolved: number;
  readonly successes: number;
  /** Conjunctions tested, both assertions counted. */
  readonly tested: number;
  /**
   * Promoted first, then the nearest rejected by q-value (at most `maxCandidates` per assertion), then the known ones
   * that others explain.
   */
  readonly findings: readonly Finding[];
  /** How many tested conjunctions failed for which reason. */
  readonly rejected: Readonly<Partial<Record<RejectionReason, number>>>;
  /** Paths with more values than are tested. */
  readonly truncatedPaths: readonly string[];
  /** Absent when nothing was left out. */
  readonly limits?: MiningLimits;
}
