import type { AccessCounts } from '../memories/access-counts.ts';
import type { Memory, MemoryType } from '../memories/memory.ts';
import type { MemorySharing } from '../memories/memory-sharing.ts';
import type { MemorySearch, Ready } from '../memories/search/memory-search.ts';
import type { Hit } from '../memories/search/ranking.ts';
import { type Clock, DAY_MS } from '../shared/platform/clock.ts';
import { RELEVANT_DAYS } from './ranking.ts';

/** Events: relevant for a week. */
const PASSING: readonly MemoryType[] = ['OBSERVATION', 'TRADE', 'FAILURE', 'OPPORTUNITY'];
/** Memories that hold until they are changed, at any age. Patterns are insights, which match by their conditions. */
const LASTING: readonly MemoryType[] = [
  'PREFERENCE',
  'RULE',
  'STRATEGY',
  'INSIGHT',
  'THRESHOLD',
  'CORRELATION',
  'ARCHETYPE',
];
/** Hits of each of the two. They are ranked with everything else, and few of them are shown. */
const FOUND = 15;
const MAX_QUERY = 2_000;

export interface WantedMemories {
  readonly query: string;
  /** The user the agent talks to: memories learned from another user stay out. Undefined: unknown, nothing stays out. */
  readonly userId: string | undefined;
}

export interface RelevantMemoriesParts {
  readonly search: MemorySearch;
  readonly sharing: MemorySharing;
  readonly accesses: AccessCounts;
  readonly clock: Clock;
}

/**
 * Memories relevant to a question, the agent's own and those shared with it: events of the last seven days, and lasting
 * ones of any age. A warm instance has them in memory. It sends one strong query (1 read unit) for the agent's own
 * changes. Shared ones cost some 2 units more, when it has not asked for a minute.
 */
export class RelevantMemories {
  readonly #parts: RelevantMemoriesParts;

  constructor(parts: RelevantMemoriesParts) {
    this.#parts = parts;
  }

  /** Brings the agent's memories in this process up to date. */
  refresh(agentId: string): Promise<Ready> {
    return this.#parts.search.ready(agentId, ['all']);
  }

  /** @param refreshed @default refreshed by this call */
  async find(
    agentId: string,
    { query: asked, userId }: WantedMemories,
    refreshed?: Promise<Ready>,
  ): Promise<readonly Hit[]> {
    const { search, clock } = this.#parts;
    const query = asked.slice(0, MAX_QUERY);
    if (query.trim() === '') return [];
    const from = new Date(clock().getTime() - RELEVANT_DAYS * DAY_MS).toISOString();
    const request = { query, topK: FOUND, scope: 'all' as const, ...(userId !== undefined && { userId }) };
    const found = await search.searchBatch(
      agentId,
      [
        { ...request, filters: { memoryType: PASSING, from } },
        { ...request, filters: { memoryType: LASTING } },
      ],
      refreshed,
    );
    return found.flatMap(({ hits }) => hits);
  }

  /** Of these memories of other agents, those still shared with this agent, as they are now. */
  rereadShared(agentId: string, some: readonly Pick<Memory, 'agentId' | 'memoryId'>[]): Promise<Memory[]> {
    return this.#parts.sharing.readMany(
      agentId,
      some.map(({ agentId: owner, memoryId }) => ({ owner, memoryId })),
    );
  }

  /** Counts shown memories as read: in the process at once, in the table at most once a minute. */
  async noteShown(memories: readonly Pick<Memory, 'agentId' | 'memoryId'>[]): Promise<void> {
    const { accesses } = this.#parts;
    for (const { agentId, memoryId } of memories) accesses.note(agentId, [memoryId]);
    await accesses.flush();
  }
}
