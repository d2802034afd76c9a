import { extractFeatures } from '../consolidation/mining/features.ts';
import { conditionHolds } from '../consolidation/mining/matching.ts';
import type { MiningSettings } from '../consolidation/mining/types.ts';
import type { RunLedger } from '../consolidation/run-ledger.ts';
import { assertNotAhead, type Clock } from '../shared/platform/clock.ts';
import { type PatternSummary, summaryOf } from './pattern-catalog.ts';
import type { PatternStore } from './pattern-store.ts';

export interface Situation {
  readonly decisionType?: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly action?: string;
  readonly selected?: readonly string[];
  /** Types of the signals the agent knows of. */
  readonly signals?: readonly string[];
  readonly timestamp?: string;
  readonly maxResults?: number;
}

interface Remembered {
  readonly mark: string;
  readonly patterns: readonly PatternSummary[];
}

const DEFAULT_RESULTS = 20;
/** Agents whose patterns one warm function instance remembers. */
const MAX_REMEMBERED = 500;

/** Which promoted patterns apply to a situation. */
export class PatternMatching {
  readonly #store: PatternStore;
  readonly #ledger: RunLedger;
  readonly #settings: MiningSettings;
  readonly #clock: Clock;
  readonly #remembered = new Map<string, Remembered>();

  constructor(store: PatternStore, ledger: RunLedger, settings: MiningSettings, clock: Clock) {
    this.#store = store;
    this.#ledger = ledger;
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Best lower bound first; patterns that assert success and such that assert failure. */
  async match(agentId: string, situation: Situation): Promise<PatternSummary[]> {
    const now = this.#clock();
    assertNotAhead(now, situation.timestamp, 'timestamp');
    const features = extractFeatures(
      {
        decisionId: '',
        timestamp: situation.timestamp ?? now.toISOString(),
        context: situation.context,
        action: situation.action,
        selected: situation.selected,
        signalTypes: new Set(situation.signals),
      },
      this.#settings,
    );
    return (await this.#promoted(agentId))
      .filter(
        ({ decisionType, conditions }) =>
          (situation.decisionType === undefined || decisionType === situation.decisionType) &&
          conditions.every((condition) => conditionHolds(condition, features)),
      )
      .slice(0, situation.maxResults ?? DEFAULT_RESULTS);
  }

  /**
   * Patterns change when a run ends, so they are read again when the mark of the agent's last run has moved: one
   * small read a match instead of hundreds of rows. The mark is read first; what is remembered is never older than it.
   */
  async #promoted(agentId: string): Promise<readonly PatternSummary[]> {
    const lastRun = (await this.#ledger.lastRuns([agentId])).get(agentId);
    const mark = lastRun && `${lastRun.runId} ${lastRun.startedAt}`;
    const remembered = this.#remembered.get(agentId);
    if (mark !== undefined && remembered?.mark === mark) return remembered.patterns;
    const patterns = (await this.#store.ofAgent(agentId))
      .filter(({ status }) => status === 'promoted')
      .sort((a, b) => b.confidence - a.confidence || (a.patternId < b.patternId ? -1 : 1))
      .map(summaryOf);
    if (mark === undefined) return patterns;
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(agentId, { mark, patterns });
    return patterns;
  }
}
