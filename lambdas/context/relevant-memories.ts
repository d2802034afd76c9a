import type { AccessCounts } from '../memories/access-counts.ts';
import type { Memory, MemoryType } from '../memories/memory.ts';
import type { MemorySearch } from '../memories/search/memory-search.ts';
import type { Hit } from '../memories/search/ranking.ts';
import { type Clock, DAY_MS } from '../shared/platform/clock.ts';
import { RELEVANT_DAYS } from './ranking.ts';

/** What happened: relevant for a week. */
const PASSING: readonly MemoryType[] = ['OBSERVATION', 'TRADE', 'FAILURE', 'OPPORTUNITY'];
/** What holds until it is changed, however old. Patterns are insights, and matched by their conditions. */
const LASTING: readonly MemoryType[] = [
  'PREFERENCE',
  'RULE',
  'STRATEGY',
  'INSIGHT',
  'THRESHOLD',
  'CORRELATION',
  'ARCHETYPE',
];
/** Found of each; ranked with everything else, few of them are shown. */
const FOUND = 15;
const MAX_QUERY = 2_000;

/**
 * An agent's memories, and those shared with it, that have to do with what is asked: what happened in the last seven
 * days, and what holds at any age. A warm instance has them in memory: one strong query (1 read unit) for its own news,
 * and some 2 more for what is shared, however many there are.
 */
export class RelevantMemories {
  readonly #search: MemorySearch;
  readonly #accesses: AccessCounts;
  readonly #clock: Clock;

  constructor(search: MemorySearch, accesses: AccessCounts, clock: Clock) {
    this.#search = search;
    this.#accesses = accesses;
    this.#clock = clock;
  }

  async find(agentId: string, asked: string): Promise<readonly Hit[]> {
    const query = asked.slice(0, MAX_QUERY);
    if (query.trim() === '') return [];
    const from = new Date(this.#clock().getTime() - RELEVANT_DAYS * DAY_MS).toISOString();
    const request = { query, topK: FOUND, scope: 'all' as const };
    const found = await this.#search.searchBatch(agentId, [
      { ...request, filters: { memoryType: PASSING, from } },
      { ...request, filters: { memoryType: LASTING } },
    ]);
    return found.flatMap(({ hits }) => hits);
  }

  /** What was shown counts as read: noted in the process, and written once a minute. */
  async noteShown(memories: readonly Pick<Memory, 'agentId' | 'memoryId'>[]): Promise<void> {
    for (const { agentId, memoryId } of memories) this.#accesses.note(agentId, [memoryId]);
    await this.#accesses.flush();
  }
}
