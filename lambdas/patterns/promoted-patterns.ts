import { BoundedMap } from '../shared/platform/bounded-map.ts';
import { type Clock, systemClock } from '../shared/platform/clock.ts';
import { type PatternSummary, summaryOf } from './pattern-catalog.ts';
import type { PatternStore } from './pattern-store.ts';

/** The last completed run of each agent. Patterns need nothing else of the record of runs. */
export interface LastRuns {
  lastRuns(
    agentIds: readonly string[],
  ): Promise<ReadonlyMap<string, { readonly runId: string; readonly startedAt: string }>>;
}

interface Cached {
  readonly mark: string | undefined;
  /** Time at which the mark was last read. */
  readonly at: number;
  readonly patterns: readonly PatternSummary[];
}

/** Agents whose patterns an instance caches. */
const MAX_CACHED = 500;

/** The promoted patterns of an agent, cached until its next run. */
export class PromotedPatterns {
  readonly #store: PatternStore;
  readonly #runs: LastRuns;
  readonly #clock: Clock;
  readonly #trustedMs: number;
  readonly #cache = new BoundedMap<string, Cached>(MAX_CACHED);

  /** @param trustedMs time after reading the mark in which the cached patterns are used without reading it again */
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
   * Highest confidence first, strongly consistent. The array is the same while nothing has changed.
   *
   * Only runs promote patterns. So they are re-read only when the mark of the agent's last run has changed. One small
   * read (1 unit) takes the place of hundreds of rows. The mark is read first, so cached patterns are never older than
   * their mark.
   */
  async listFor(agentId: string): Promise<readonly PatternSummary[]> {
    const at = this.#clock().getTime();
    const cached = this.#cache.get(agentId);
    if (cached && at - cached.at < this.#trustedMs) return cached.patterns;
    const lastRun = (await this.#runs.lastRuns([agentId])).get(agentId);
    const mark = lastRun && `${lastRun.runId} ${lastRun.startedAt}`;
    const patterns = cached && cached.mark === mark ? cached.patterns : await this.#read(agentId);
    this.#cache.set(agentId, { mark, at, patterns });
    return patterns;
  }

  async #read(agentId: string): Promise<readonly PatternSummary[]> {
    return (await this.#store.ofAgent(agentId))
      .filter(({ status }) => status === 'promoted')
      .sort((a, b) => b.confidence - a.confidence || (a.patternId < b.patternId ? -1 : 1))
      .map(summaryOf);
  }
}
