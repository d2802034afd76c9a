import type { RunLedger } from '../consolidation/run-ledger.ts';
import { type PatternSummary, summaryOf } from './pattern-catalog.ts';
import type { PatternStore } from './pattern-store.ts';

interface Remembered {
  readonly mark: string;
  readonly patterns: readonly PatternSummary[];
}

/** Agents whose patterns one warm function instance remembers. */
const MAX_REMEMBERED = 500;

/** What an agent has learned and relies on, remembered until its next run. */
export class PromotedPatterns {
  readonly #store: PatternStore;
  readonly #ledger: RunLedger;
  readonly #remembered = new Map<string, Remembered>();

  constructor(store: PatternStore, ledger: RunLedger) {
    this.#store = store;
    this.#ledger = ledger;
  }

  /**
   * Highest confidence first, strongly consistent; the same array while nothing has changed.
   *
   * Patterns change when a run ends, so they are read again when the mark of the agent's last run has moved: one
   * small read (1 unit) instead of hundreds of rows. The mark is read first; what is remembered is never older than it.
   */
  async of(agentId: string): Promise<readonly PatternSummary[]> {
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
