import type { Advice, Trade } from './trade.ts';

/** A decision as the service knows it: what was chosen, on what grounds, and what became of it. */
export type OutcomeStatus = 'success' | 'failure' | 'voided';
export type DecisionStatus = 'pending' | OutcomeStatus;

export interface DecisionReference {
  readonly agentId: string;
  readonly decisionId: string;
}

export interface Reasoning {
  readonly scores?: Readonly<Record<string, number>>;
  readonly selected?: readonly string[];
  readonly memoryInfluenced?: boolean;
  readonly patternsApplied?: readonly string[];
  readonly exploration?: boolean;
  readonly confidence?: number;
}

export interface Outcome {
  readonly status: OutcomeStatus;
  /** When it became known, UTC ISO-8601 in milliseconds. */
  readonly occurredAt: string;
  readonly qualityScore?: number;
  readonly latencyMs?: number;
  readonly errors?: readonly string[];
  readonly metrics?: Readonly<Record<string, number>>;
  readonly trade?: Trade;
  /** Whose advice was followed. */
  readonly provider?: string;
  /** Several that advised it, with their votes. */
  readonly providers?: readonly Advice[];
  readonly regime?: string;
  readonly tags?: readonly string[];
}

export interface Decision {
  readonly agentId: string;
  readonly decisionId: string;
  readonly decisionType: string;
  readonly timestamp: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly status: DecisionStatus;
  readonly agentVersion?: string;
  readonly sessionId?: string;
  readonly action?: string;
  readonly reasoning?: Reasoning;
  readonly outcome?: Outcome;
  /** How many outcomes were put; only the latest counts. */
  readonly outcomeRevision: number;
  readonly parent?: DecisionReference;
  /** First decision of its chain; absent on one that has no parent. */
  readonly root?: DecisionReference;
  /** 1 without a parent. */
  readonly depth: number;
  readonly triggeredBySignals?: readonly string[];
  readonly exposureId?: string;
  /** Patterns the exposure showed, copied from it: the decision says by itself what was in view when it was made. */
  readonly patternsShown?: readonly string[];
  readonly tags?: readonly string[];
  readonly loggedAt: string;
}

/** Of a decision, what may be told to those it is linked with: when, and how it ended. */
export interface DecisionMark {
  readonly decisionId: string;
  readonly timestamp: string;
  readonly outcome?: Pick<Outcome, 'status' | 'occurredAt'>;
}

/** What a list shows of a decision. */
export interface DecisionSummary {
  readonly agentId: string;
  readonly decisionId: string;
  readonly decisionType: string;
  readonly timestamp: string;
  readonly status: DecisionStatus;
  readonly action?: string;
  readonly qualityScore?: number;
  readonly confidence?: number;
  readonly sessionId?: string;
  readonly tags?: readonly string[];
}

/** A summary with its place in the chain. */
export interface DecisionOverview extends DecisionSummary {
  readonly depth: number;
  readonly parent?: DecisionReference;
}
