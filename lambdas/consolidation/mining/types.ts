import type {
  Asserts,
  Comparison,
  Condition,
  Explanation,
  PatternNumbers,
  Scalar,
} from '../../patterns/pattern.ts';

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
  /** Benjamini–Hochberg level. @default 0.05 */
  readonly maxQValue: number;
  /** Level at which a part's effect outside its conjunction must be significant to be kept beside it. @default 0.001 */
  readonly strictLevel: number;
  /** Commonest values of a path that are tested. @default 32 */
  readonly maxValuesPerPath: number;
  /** Numbers with more distinct values than this are cut at their quartiles. @default 8 */
  readonly maxDistinctNumbers: number;
  /** Strings longer than this are not values. @default 128 */
  readonly maxStringLength: number;
  /** A signal seen within this time before a decision is a feature of it. @default 4 h */
  readonly signalWindowMs: number;
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
  /** Types of the signals it was triggered by or that were seen within the window before it. */
  readonly signalTypes: ReadonlySet<string>;
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
  /** Correlated with a stronger pattern: no effect is left where that one is held constant. */
  | 'explained_by_other'
  /** A conjunction of promoted patterns that do no more together than each adds alone. */
  | 'explained_by_parts'
  /** Its q-value is low only because patterns that others explain count as discoveries beside it. */
  | 'not_significant_alone'
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

/** Asserted beforehand, not found. */
export interface Stated {
  readonly asserts: Asserts;
  readonly conditions: readonly Condition[];
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

export interface Miner {
  /** Adds one resolved decision; nothing of the raw item is kept. */
  add(resolved: ResolvedCase): void;
  /**
   * Mines everything added.
   * @param known patterns whose verdict is listed, however far from the nearest, when others explain them
   */
  mine(known?: readonly Stated[]): MiningResult;
  /**
   * Numbers of stated conjunctions in the same cases, tested alone (no correction): for `patterns/test`, for
   * patterns that are already known, and for hypotheses.
   * @param beside patterns that stand: a stated one that they explain is rejected for it
   */
  test(stated: readonly Stated[], beside?: readonly Stated[]): Finding[];
}

export type { Asserts, Comparison, Condition, Explanation, PatternNumbers, Scalar };
