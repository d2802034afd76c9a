import type { FeedPosition, MemoryFeed } from '../memory-feed.ts';
import type { MemoryRecords } from '../memory-records.ts';
import type { CollectionSource } from './collection-cache.ts';
import { keyOf, MemoryCollection } from './memory-collection.ts';

/** What an index in memory is made for; the tiers' caps keep an agent below it. */
export const MAX_INDEXED = 20_000;

/**
 * An agent's memories, read once and then followed through the change feed. The first reading is eventually
 * consistent, at half the price: what was written in the two minutes before it is taken in again from the feed, which
 * is strongly consistent.
 */
export class OwnMemories implements CollectionSource {
  #collection = new MemoryCollection();
  #position: FeedPosition | undefined;
  readonly #agentId: string;
  readonly #records: MemoryRecords;
  readonly #feed: MemoryFeed;

  constructor(agentId: string, records: MemoryRecords, feed: MemoryFeed) {
    this.#agentId = agentId;
    this.#records = records;
    this.#feed = feed;
  }

  get collection(): MemoryCollection {
    return this.#collection;
  }

  async refresh(): Promise<void> {
    this.#position ??= await this.#read();
    let changes = await this.#feed.since(this.#agentId, this.#position);
    if (changes.memoryIds === undefined) {
      this.#position = await this.#read();
      changes = await this.#feed.since(this.#agentId, this.#position);
    }
    await this.#take(changes.memoryIds ?? []);
    this.#position = changes.position;
  }

  async #read(): Promise<FeedPosition> {
    const position = await this.#feed.begin(this.#agentId);
    const collection = new MemoryCollection();
    for await (const memories of this.#records.ofAgent(this.#agentId, { consistent: false }))
      for (const memory of memories) if (collection.size < MAX_INDEXED) collection.put(memory);
    this.#collection = collection;
    return position;
  }

  async #take(memoryIds: readonly string[]): Promise<void> {
    if (memoryIds.length === 0) return;
    const owner = this.#agentId;
    const found = await this.#records.getMany(memoryIds.map((memoryId) => ({ owner, memoryId })));
    const left = new Set(memoryIds.map((memoryId) => keyOf({ agentId: owner, memoryId })));
    for (const memory of found) {
      left.delete(keyOf(memory));
      this.#collection.put(memory);
    }
    for (const key of left) this.#collection.remove(key);
  }
}
