import { BoundedMap } from '../shared/platform/bounded-map.ts';
import { type Clock, systemClock } from '../shared/platform/clock.ts';
import { type PatternSummary, summaryOf } from './pattern-catalog.ts';
import type { PatternStore } from './pattern-store.ts';

/** The last completed run of each agent: all that patterns need of the record of runs. */
export interface LastRuns {
  lastRuns(
    agentIds: readonly string[],
  ): Promise<ReadonlyMap<string, { readonly runId: string; readonly startedAt: string }>>;
}

interface Remembered {
  readonly mark: string | undefined;
  /** When the mark was last asked for. */
  readonly at: number;
  readonly patterns: readonly PatternSummary[];
}

/** Agents whose patterns one warm function instance remembers. */
const MAX_REMEMBERED = 500;

/** What an agent has learned and relies on, remembered until its next run. */
export class PromotedPatterns {
  readonly #store: PatternStore;
  readonly #runs: LastRuns;
  readonly #clock: Clock;
  readonly #trustedMs: number;
  readonly #remembered = new BoundedMap<string, Remembered>(MAX_REMEMBERED);

  /** @param trustedMs how long it may be relied on that no run has ended since this was last asked */
  constructor(
    store: PatternStore,
    runs: LastRuns,
    { clock, trustedMs }: { readonly clock: Clock; readonly trustedMs: number } = {
      clock: systemClock,
      trustedMs: 0,
    },
  ) {
    this.#store = store;
    this.#runs = runs;
    this.#clock = clock;
    this.#trustedMs = trustedMs;
  }

  /**
   * Highest confidence first, strongly consistent; the same array while nothing has changed.
   *
   * Only runs promote patterns, so they are read again when the mark of the agent's last run has moved: one small read
   * (1 unit) instead of hundreds of rows. The mark is read first; what is remembered is never older than it.
   */
  async of(agentId: string): Promise<readonly PatternSummary[]> {
    const at = this.#clock().getTime();
    const remembered = this.#remembered.get(agentId);
    if (remembered && at - remembered.at < this.#trustedMs) return remembered.patterns;
    const lastRun = (await this.#runs.lastRuns([agentId])).get(agentId);
    const mark = lastRun && `${lastRun.runId} ${lastRun.startedAt}`;
    const patterns = remembered && remembered.mark === mark ? remembered.patterns : await this.#read(agentId);
    this.#remembered.set(agentId, { mark, at, patterns });
    return patterns;
  }

  async #read(agentId: string): Promise<readonly PatternSummary[]> {
    return (await this.#store.ofAgent(agentId))
      .filter(({ status }) => status === 'promoted')
      .sort((a, b) => b.confidence - a.confidence || (a.patternId < b.patternId ? -1 : 1))
      .map(summaryOf);
  }
}
