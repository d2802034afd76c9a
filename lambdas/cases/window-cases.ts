import type { Decision } from '../decisions/decision.ts';
import type { DecisionWindow } from '../decisions/decision-window.ts';
import { DAY_MS, MINUTE_MS } from '../shared/platform/clock.ts';
import { parseTypedId } from '../shared/platform/ids.ts';
import type { SeenSignals } from '../signals/seen-signals.ts';
import { extractFeatures } from '../mining/cases/features.ts';
import { Float64List } from '../mining/cases/number-list.ts';
import type { DecisionFacts, Features, MiningSettings, ResolvedCase } from '../mining/types.ts';
import {
  parseWindowedPath,
  signalPath,
  type SignalPath,
  signalWindowOf,
} from '../mining/cases/windowed-path.ts';

/** Days of decisions in a run's window. */
export const WINDOW_DAYS = 90;

/** `after < timestamp ≤ until`: the decisions behind a verdict at `until`. */
export interface Window {
  readonly after: string;
  readonly until: string;
}

export const windowAt = (asOf: string, days = WINDOW_DAYS): Window => ({
  after: new Date(Date.parse(asOf) - days * DAY_MS).toISOString(),
  until: asOf,
});

/** The decision's outcome by `asOf`: success or failure; undefined while it had none, or when it was voided. */
export function verdictOf({ outcome }: Decision, asOf: string): 'success' | 'failure' | undefined {
  if (!outcome || outcome.status === 'voided' || outcome.occurredAt > asOf) return undefined;
  return outcome.status;
}

/** The signals that an agent has seen: times by type, 8 bytes a signal. */
export class SeenIndex {
  readonly #times = new Map<string, Float64List>();

  /** Add the signals in order of time. */
  add(time: number, signalType: string): void {
    let times = this.#times.get(signalType);
    if (!times) this.#times.set(signalType, (times = new Float64List()));
    times.push(time);
  }

  get signalTypes(): Iterable<string> {
    return this.#times.keys();
  }

  /** True when a signal of the type was seen with `from ≤ time ≤ until`. */
  hasBetween(signalType: string, from: number, until: number): boolean {
    const times = this.#times.get(signalType)?.view();
    if (!times) return false;
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (times[middle]! < from) low = middle + 1;
      else high = middle;
    }
    return low < times.length && times[low]! <= until;
  }
}

/** The paths of signals among these paths, parsed. */
export const signalsAmong = (paths: Iterable<string>): SignalPath[] =>
  [...new Set(paths)].flatMap((path) => {
    const windowed = parseWindowedPath(path);
    return windowed?.kind === 'signal' ? [windowed] : [];
  });

/** A trigger may be this much later than its decision, because the agent's clock may be behind. */
const CLOCK_SKEW_MS = 5 * MINUTE_MS;

export const earlier = (timestamp: string, milliseconds: number): string =>
  new Date(Date.parse(timestamp) - milliseconds).toISOString();

/**
 * An agent's decisions in the form that mining uses. Only this class decides which signals a decision knew of and which
 * outcome counts. So a pattern's numbers, its evidence and a dry run can never disagree.
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

  /**
   * The signals that the agent had seen when it made the decisions of a window.
   * @param asked paths of conditions that will be tested, beside those that are mined
   */
  async seenIn(agentId: string, { after, until }: Window, asked: Iterable<string> = []): Promise<SeenIndex> {
    const index = new SeenIndex();
    const { signalWindowMs, signalWindowsMs } = this.settings;
    const windows = [
      signalWindowMs,
      ...Object.values(signalWindowsMs),
      ...signalsAmong(asked).map(({ windowMs }) => windowMs),
    ];
    const from = earlier(after, Math.max(...windows));
    for await (const { timestamp, signalType } of this.#seen.between(agentId, from, until))
      index.add(Date.parse(timestamp), signalType);
    return index;
  }

  /** The signals among these that the agent had seen at a time, each within its window. One query. */
  async seenAmong(agentId: string, timestamp: string, asked: readonly SignalPath[]): Promise<SignalPath[]> {
    const seen = new SeenIndex();
    const time = Date.parse(timestamp);
    const from = earlier(timestamp, Math.max(...asked.map(({ windowMs }) => windowMs)));
    for await (const signal of this.#seen.between(agentId, from, timestamp))
      seen.add(Date.parse(signal.timestamp), signal.signalType);
    return asked.filter(({ signalType, windowMs }) => seen.hasBetween(signalType, time - windowMs, time));
  }

  /** Newest first, page by page; see DecisionWindow. */
  pages(agentId: string, decisionType: string, window: Window) {
    return this.#decisions.pages({ agentId, decisionType, ...window });
  }

  /** Times and outcomes of decisions, of any agent; see DecisionWindow. */
  marks(agentId: string, decisionType: string, window: Window, pageSize?: number) {
    return this.#decisions.marks({ agentId, decisionType, ...window }, pageSize);
  }

  /**
   * The features of a decision, without its sequences: those need all earlier decisions.
   *
   * A signal counts at its own time, so one with a later time than the decision was not known to it. A signal that
   * triggered the decision counts at any age, because the agent says that it acted on it. Only a signal that is later by
   * more than clocks differ cannot be a trigger.
   * @param asked paths of signals with other windows than the mined ones
   */
  featuresOf(decision: Decision, seen: SeenIndex, asked: readonly SignalPath[] = []): Features {
    const time = Date.parse(decision.timestamp);
    const triggers = new Set<string>();
    for (const signalId of decision.triggeredBySignals ?? []) {
      const id = parseTypedId(signalId);
      if (id && Date.parse(id.timestamp) <= time + CLOCK_SKEW_MS) triggers.add(id.type);
    }
    const within = (signalType: string, windowMs: number): boolean =>
      triggers.has(signalType) || seen.hasBetween(signalType, time - windowMs, time);
    const { decisionId, timestamp, context, action, reasoning } = decision;
    const signalTypes = new Set(
      [...seen.signalTypes, ...triggers].filter((type) => within(type, signalWindowOf(type, this.settings))),
    );
    const facts: DecisionFacts = {
      decisionId,
      timestamp,
      context,
      action,
      selected: reasoning?.selected,
      signalTypes,
      preceding: asked
        .filter(({ signalType, windowMs }) => within(signalType, windowMs))
        .map(({ signalType, windowMs }) => signalPath(signalType, windowMs)),
    };
    return extractFeatures(facts, this.settings);
  }

  /** The decision as a case for the miner; undefined while it is not resolved. */
  caseOf(
    decision: Decision,
    seen: SeenIndex,
    asOf: string,
    asked: readonly SignalPath[] = [],
  ): ResolvedCase | undefined {
    const verdict = verdictOf(decision, asOf);
    if (!verdict) return undefined;
    const { decisionId, timestamp, action, outcome } = decision;
    return {
      decisionId,
      time: Date.parse(timestamp),
      success: verdict === 'success',
      features: this.featuresOf(decision, seen, asked),
      action,
      metrics: outcome?.metrics,
    };
  }
}
