import type { Decision } from '../decisions/decision.ts';
import type { DecisionWindow } from '../decisions/decision-window.ts';
import { DAY_MS } from '../shared/platform/clock.ts';
import type { SeenSignals } from '../signals/seen-signals.ts';
import { extractFeatures } from './mining/features.ts';
import type { DecisionFacts, Features, MiningSettings, ResolvedCase } from './mining/types.ts';

/** How far back a run looks. */
export const WINDOW_DAYS = 90;

/** `after < timestamp ≤ until`: the decisions a verdict at `until` rests on. */
export interface Window {
  readonly after: string;
  readonly until: string;
}

export const windowAt = (asOf: string, days = WINDOW_DAYS): Window => ({
  after: new Date(Date.parse(asOf) - days * DAY_MS).toISOString(),
  until: asOf,
});

/** Whether the decision had turned out well or badly by `asOf`; undefined while it had not, or when it was voided. */
export function verdictOf({ outcome }: Decision, asOf: string): 'success' | 'failure' | undefined {
  if (!outcome || outcome.status === 'voided' || outcome.occurredAt > asOf) return undefined;
  return outcome.status;
}

/** What an agent was told, by time: a few bytes a signal. */
export class SeenIndex {
  readonly #times: number[] = [];
  readonly #types: string[] = [];

  /** In order of time. */
  add(time: number, signalType: string): void {
    this.#times.push(time);
    this.#types.push(signalType);
  }

  /** Types seen with `from ≤ time ≤ until`. */
  typesBetween(from: number, until: number): Set<string> {
    const types = new Set<string>();
    for (let i = this.#firstAt(from); i < this.#times.length && this.#times[i]! <= until; i++)
      types.add(this.#types[i]!);
    return types;
  }

  #firstAt(time: number): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#times[middle]! < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const signalTypeOf = (signalId: string): string => signalId.slice(0, signalId.lastIndexOf('-'));

/**
 * An agent's decisions as mining sees them: the one place that says which signals a decision knew of and which
 * outcome counts, so that a pattern's numbers, its evidence and a dry run can never disagree.
 */
export class WindowCases {
  readonly #decisions: DecisionWindow;
  readonly #seen: SeenSignals;
  readonly settings: MiningSettings;

  constructor(decisions: DecisionWindow, seen: SeenSignals, settings: MiningSettings) {
    this.#decisions = decisions;
    this.#seen = seen;
    this.settings = settings;
  }

  /** What the agent had been told when it made the decisions of a window. */
  async seenIn(agentId: string, { after, until }: Window): Promise<SeenIndex> {
    const index = new SeenIndex();
    const from = new Date(Date.parse(after) - this.settings.signalWindowMs).toISOString();
    for await (const { timestamp, signalType } of this.#seen.between(agentId, from, until))
      index.add(Date.parse(timestamp), signalType);
    return index;
  }

  /** Newest first, page by page; see DecisionWindow. */
  pages(agentId: string, decisionType: string, window: Window) {
    return this.#decisions.pages({ agentId, decisionType, ...window });
  }

  featuresOf(decision: Decision, seen: SeenIndex): Features {
    const time = Date.parse(decision.timestamp);
    const signalTypes = seen.typesBetween(time - this.settings.signalWindowMs, time);
    for (const signalId of decision.triggeredBySignals ?? []) signalTypes.add(signalTypeOf(signalId));
    const { decisionId, timestamp, context, action, reasoning } = decision;
    const facts: DecisionFacts = {
      decisionId,
      timestamp,
      context,
      action,
      selected: reasoning?.selected,
      signalTypes,
    };
    return extractFeatures(facts, this.settings);
  }

  /** The decision as the miner takes it; undefined while it is not resolved. */
  caseOf(decision: Decision, seen: SeenIndex, asOf: string): ResolvedCase | undefined {
    const verdict = verdictOf(decision, asOf);
    if (!verdict) return undefined;
    const { decisionId, timestamp, action, outcome } = decision;
    return {
      decisionId,
      time: Date.parse(timestamp),
      success: verdict === 'success',
      features: this.featuresOf(decision, seen),
      action,
      metrics: outcome?.metrics,
    };
  }
}
