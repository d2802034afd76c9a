import { isDeepStrictEqual } from 'node:util';
import type { AccessCounts } from '../memories/access-counts.ts';
import type { Memory, MemoryType } from '../memories/memory.ts';
import type { MemorySharing } from '../memories/memory-sharing.ts';
import type { MemorySearch, Ready } from '../memories/search/memory-search.ts';
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

/** What of the memories an answer is to bring. */
export interface WantedMemories {
  readonly query: string;
  /** Whom the agent talks to: what it learned from another user stays out. Where that is unknown, nothing does. */
  readonly userId: string | undefined;
}

/**
 * An agent's memories, and those shared with it, that have to do with what is asked: what happened in the last seven
 * days, and what holds at any age. A warm instance has them in memory: one strong query (1 read unit) for its own news,
 * and some 2 more for what is shared, when it has not asked for a while.
 */
export class RelevantMemories {
  readonly #search: MemorySearch;
  readonly #sharing: MemorySharing;
  readonly #accesses: AccessCounts;
  readonly #clock: Clock;

  constructor(search: MemorySearch, sharing: MemorySharing, accesses: AccessCounts, clock: Clock) {
    this.#search = search;
    this.#sharing = sharing;
    this.#accesses = accesses;
    this.#clock = clock;
  }

  /**
   * @param wanted may become known while the memories are brought up to date
   * @param likely what will probably be wanted, where that is known before: looked for while the tables are asked
   */
  async find(
    agentId: string,
    wanted: Promise<WantedMemories> | WantedMemories,
    likely?: WantedMemories,
  ): Promise<readonly Hit[]> {
    if ('query' in wanted && wanted.query.trim() === '') return [];
    const ready = this.#search.ready(agentId, ['all']);
    const early = likely && this.#find(agentId, likely, ready);
    // Waited for below, and until then nobody's.
    ready.catch(() => undefined);
    early?.catch(() => undefined);
    const known = await wanted;
    return early && isDeepStrictEqual(known, likely) ? early : this.#find(agentId, known, ready);
  }

  async #find(
    agentId: string,
    { query: asked, userId }: WantedMemories,
    ready: Promise<Ready>,
  ): Promise<readonly Hit[]> {
    const query = asked.slice(0, MAX_QUERY);
    if (query.trim() === '') return [];
    const from = new Date(this.#clock().getTime() - RELEVANT_DAYS * DAY_MS).toISOString();
    const request = { query, topK: FOUND, scope: 'all' as const, ...(userId !== undefined && { userId }) };
    const found = await this.#search.searchBatch(
      agentId,
      [
        { ...request, filters: { memoryType: PASSING, from } },
        { ...request, filters: { memoryType: LASTING } },
      ],
      ready,
    );
    return found.flatMap(({ hits }) => hits);
  }

  /** Of these memories of others, those still shared with this agent, as they are now. */
  sharedNow(agentId: string, some: readonly Pick<Memory, 'agentId' | 'memoryId'>[]): Promise<Memory[]> {
    return this.#sharing.readMany(
      agentId,
      some.map(({ agentId: owner, memoryId }) => ({ owner, memoryId })),
    );
  }

  /** What was shown counts as read: noted in the process, and written at most once a minute. */
  async noteShown(memories: readonly Pick<Memory, 'agentId' | 'memoryId'>[]): Promise<void> {
    for (const { agentId, memoryId } of memories) this.#accesses.note(agentId, [memoryId]);
    await this.#accesses.flush();
  }
}
