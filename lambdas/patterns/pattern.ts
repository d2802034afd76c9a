import type {
  Asserts,
  Condition,
  Contributor,
  Explanation,
  MemoryEffect,
  PatternNumbers,
  Reference,
} from '../mining/vocabulary.ts';

export type PatternStatus = 'hypothesis' | 'candidate' | 'promoted' | 'suspect' | 'retired' | 'dormant';

export interface Pattern extends PatternNumbers {
  readonly patternId: string;
  readonly agentId: string;
  readonly decisionType: string;
  readonly asserts: Asserts;
  readonly conditions: readonly Condition[];
  readonly status: PatternStatus;
  readonly version: number;
  /** One plain sentence with the numbers in it. */
  readonly description: string;
  readonly explain: Explanation;
  /** Why it has the status it has: `significant`, `not_significant`, `recent_rate_below`, `explained_by`, … */
  readonly reason: string;
  /** The pattern that explains it, when the reason is that one does. */
  readonly explainedBy?: string;
  /** End of the window the numbers come from. */
  readonly asOf: string;
  /** `asOf` of the run that gave it its status, and that run. */
  readonly statusSince: string;
  readonly statusRunId: string;
  /** Rate at the last version, which a new version must differ from by 0.05. */
  readonly versionRate: number;
  /** The opposite claim it took the place of, and the one that took its place. */
  readonly supersedes?: string;
  /** What using it did in that window; absent when no decision says it used it. */
  readonly effect?: MemoryEffect;
  readonly supersededBy?: string;
  /** The pattern that says the same and stands in its place. */
  readonly mergedInto?: string;
  /** Other wordings that were merged into it. */
  readonly sameAs?: readonly { readonly patternId: string; readonly conditions: readonly Condition[] }[];
  /** What it promised when it was promoted: later outcomes are held against it. */
  readonly reference?: Reference;
  readonly drift?: DriftNumbers;
  /** `asOf` of the run that changed it and left it the numbers it had. */
  readonly changedAsOf?: string;
  /** Dormant: the confidence it once had, which halves with the age of its newest evidence. */
  readonly restingConfidence?: number;
  /** A hypothesis: how it was registered, and its numbers since. Stays when it is settled. */
  readonly registered?: Registration;
  /** What its author wrote to it. */
  readonly note?: string;
  /** Only of a pattern whose owner is an agent type: whose decisions it was learned from, largest part first. */
  readonly contributors?: readonly Contributor[];
}

/** How far the outcomes since `reference.since` are from what was promised. */
export interface DriftNumbers {
  /** CUSUM in units of log-likelihood; a pattern is suspect above the threshold. */
  readonly statistic: number;
  /** Time of the first decision of the run of outcomes behind it. */
  readonly changedAt?: string;
}

/** Only decisions made after `at` settle a hypothesis: what came before may have suggested it. */
export interface Registration {
  readonly at: string;
  /** When the service learned of it, if its author named another time: what was known by then is for the reader to judge. */
  readonly recordedAt?: string;
  /** When it is given up if it is still open. */
  readonly until: string;
  /** Resolved decisions since then that its conditions hold for, and the successes among them. */
  readonly n: number;
  readonly successes: number;
  /** Asserted share among them and among the others since then. */
  readonly rate: number;
  readonly othersRate: number;
  /** E-values for it and against it: at `needed` it is confirmed or refuted, however often one looked. */
  readonly evidence: number;
  readonly evidenceAgainst: number;
  readonly needed: number;
}

/** A decision that proves a pattern, kept beyond the decision's own 90 days. */
export interface EvidenceDigest {
  readonly decisionId: string;
  readonly timestamp: string;
  readonly status: 'success' | 'failure';
  readonly action?: string;
  /** Who made it, where that is not the pattern's owner. */
  readonly agentId?: string;
}

/** One version of a pattern: what is kept of it when the next one comes. */
export interface PatternVersion {
  readonly version: number;
  readonly status: PatternStatus;
  readonly reason: string;
  readonly asOf: string;
  readonly n: number;
  readonly successes: number;
  readonly rate: number;
  readonly baseline: number;
  readonly confidence: number;
  readonly recentRate: number;
  readonly pValue: number;
  readonly qValue: number | null;
  readonly supersedes?: string;
  readonly supersededBy?: string;
  readonly mergedInto?: string;
  readonly explainedBy?: string;
  readonly contributors?: readonly Contributor[];
}

export const versionOf = (pattern: Pattern): PatternVersion => ({
  version: pattern.version,
  status: pattern.status,
  reason: pattern.reason,
  asOf: pattern.changedAsOf ?? pattern.asOf,
  n: pattern.n,
  successes: pattern.successes,
  rate: pattern.rate,
  baseline: pattern.baseline,
  confidence: pattern.confidence,
  recentRate: pattern.recentRate,
  pValue: pattern.pValue,
  qValue: pattern.qValue,
  ...(pattern.supersedes !== undefined && { supersedes: pattern.supersedes }),
  ...(pattern.supersededBy !== undefined && { supersededBy: pattern.supersededBy }),
  ...(pattern.mergedInto !== undefined && { mergedInto: pattern.mergedInto }),
  ...(pattern.explainedBy !== undefined && { explainedBy: pattern.explainedBy }),
  ...(pattern.contributors && { contributors: pattern.contributors }),
});

/** Statuses whose numbers each run renews. What is retired or dormant keeps the numbers it ended with. */
export const isLive = ({ status }: Pick<Pattern, 'status'>): boolean =>
  status !== 'retired' && status !== 'dormant';
