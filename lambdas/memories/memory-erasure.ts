import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { SharingErasure } from '../sharing/sharing-erasure.ts';
import { fromStatisticsItem, statisticsKey, statisticsPartition } from './ageing/statistics-table.ts';
import { memoryTypes, type Provenance } from './memory.ts';
import type { MemoryFeed } from './memory-feed.ts';
import { SHARED_MEMORIES } from './memory-sharing.ts';
import {
  accessPartition,
  FEED_STATE,
  feedPartition,
  aliasesOf,
  historyPartition,
  memoryPartition,
} from './table.ts';

/** Patterns have a room of their own, which empties their partition. */
const ownTypes = memoryTypes.filter((type) => type !== 'PATTERN');

/** Memories with what they were before, with whom they are shared, and the feed of their changes, as erasures remove them. */
export class MemoryErasure {
  readonly #rows: RemovableRows;
  readonly #sharing: SharingErasure;
  readonly #feed: MemoryFeed;
  readonly #table: Table;

  constructor(table: Table, feed: MemoryFeed) {
    this.#rows = new RemovableRows(table, 'memory');
    this.#sharing = new SharingErasure(table);
    this.#feed = feed;
    this.#table = table;
  }

  /**
   * Of the feed one row stays, which holds a number and nothing of the agent's: it has instances that keep the agent's
   * memories for searching read everything again, and find nothing.
   */
  async *ofAgent(agentId: string): AsyncGenerator<Removal> {
    yield* this.#sharing.ofAgent(agentId, SHARED_MEMORIES);
    // The rows that point to a memory are among those of its partition.
    for await (const row of this.#memories(agentId, () => true)) {
      yield* this.#rows.ofPartition(historyPartition(agentId, String(row[SORT_KEY])));
      yield this.#rows.removal([row]);
    }
    for (const memoryId of await this.#remains(agentId))
      yield* this.#rows.ofPartition(historyPartition(agentId, memoryId));
    await this.#feed.reset(agentId);
    for await (const rows of this.#rows.read(feedPartition(agentId), '', [])) {
      const changes = rows.filter((row) => row[SORT_KEY] !== FEED_STATE);
      if (changes.length > 0) yield this.#rows.removal(changes);
    }
    yield* this.#rows.ofPartition(accessPartition(agentId));
    yield* this.#rows.ofPartition(statisticsPartition(agentId));
  }

  /**
   * An agent's memories that came from this user or from these sessions, whatever they are about. Reads all of the
   * agent's: 0.25 units a KB.
   */
  async *aboutUser(
    agentId: string,
    userId: string,
    sessionIds: ReadonlySet<string>,
  ): AsyncGenerator<Removal> {
    const isTheirs = ({ provenance }: Item): boolean => {
      const { userId: of, sessionId } = (provenance ?? {}) as Provenance;
      return of === userId || (sessionId !== undefined && sessionIds.has(sessionId));
    };
    for (const memoryId of await this.#remains(agentId))
      for await (const rows of this.#rows.read(historyPartition(agentId, memoryId), '', ['memory'])) {
        const theirs = rows.filter(({ memory }) => isTheirs(memory as Item));
        if (theirs.length > 0) yield this.#rows.removal(theirs);
      }
    for await (const row of this.#memories(agentId, isTheirs)) {
      const memoryId = String(row[SORT_KEY]);
      yield* this.#sharing.ofMemory(agentId, SHARED_MEMORIES, memoryId);
      yield* this.#around(agentId, row);
      const gone = this.#rows.removal([row]);
      // Told in the same moment: instances that keep it for searching drop it with their next search.
      const change = this.#table.actions.put(this.#feed.row(agentId, memoryId));
      yield { ...gone, actions: [...gone.actions, change] };
    }
  }

  /** The rows beside a memory. They go before it, because its row says where they are. */
  async *#around(agentId: string, row: Item): AsyncGenerator<Removal> {
    yield* this.#rows.ofPartition(historyPartition(agentId, String(row[SORT_KEY])));
    yield* this.#rows.existing(
      aliasesOf(row).map((alias) => ({ [PARTITION_KEY]: row[PARTITION_KEY], [SORT_KEY]: alias })),
    );
  }

  /** Memories that are gone, with revisions that are still there: a night was cut short between the two. */
  async #remains(agentId: string): Promise<string[]> {
    const item = await this.#table.get(statisticsKey(agentId));
    return (item ? (fromStatisticsItem(item).remains ?? []) : []).map(({ memoryId }) => memoryId);
  }

  async *#memories(agentId: string, isErased: (row: Item) => boolean): AsyncGenerator<Item> {
    for (const type of ownTypes)
      for await (const rows of this.#rows.read(memoryPartition(agentId, type), '', ['provenance', 'aliases']))
        yield* rows.filter(isErased);
  }
}
