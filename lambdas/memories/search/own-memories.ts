import type { Memory } from '../memory.ts';
import { memoryTiers } from '../memory-stages.ts';
import type { FeedPosition, MemoryFeed } from '../memory-feed.ts';
import type { MemoryRecords } from '../memory-records.ts';
import type { PatternMemories } from '../pattern-memories.ts';
import type { CollectionSource } from './collection-cache.ts';
import { keyOf, MemoryCollection } from './memory-collection.ts';

/** Memories that one index in memory is made for. The caps of the tiers above `archive` keep an agent below it. */
export const MAX_INDEXED = 20_000;

export interface OwnMemoriesParts {
  readonly records: MemoryRecords;
  readonly feed: MemoryFeed;
  /** The agent's patterns, to be found among its memories. Without this they are not found. */
  readonly patterns?: PatternMemories;
  /** @default MAX_INDEXED */
  readonly maxIndexed?: number;
  /** Told when a reading has left out that many. */
  readonly onUnsearched?: (agentId: string, unsearched: number) => void;
}

/** Memories to leave out last come first: pinned ones, then by tier, then those seen last. */
const byStanding = (a: Memory, b: Memory): number =>
  Number(b.pinned) - Number(a.pinned) ||
  memoryTiers.indexOf(a.tier) - memoryTiers.indexOf(b.tier) ||
  (a.lastSeenAt > b.lastSeenAt ? -1 : a.lastSeenAt < b.lastSeenAt ? 1 : 0);

/**
 * An agent's memories, read once and then followed through the change feed. The first reading is eventually
 * consistent, at half the price: what was written in the two minutes before it is taken in again from the feed, which
 * is strongly consistent.
 */
export class OwnMemories implements CollectionSource {
  #collection = new MemoryCollection();
  #position: FeedPosition | undefined;
  /** The patterns that are in the collection. */
  #learned: readonly Memory[] = [];
  readonly #agentId: string;
  readonly #parts: OwnMemoriesParts;

  constructor(agentId: string, parts: OwnMemoriesParts) {
    this.#agentId = agentId;
    this.#parts = parts;
  }

  get collection(): MemoryCollection {
    return this.#collection;
  }

  async refresh(): Promise<void> {
    const [, learned] = await Promise.all([
      this.#follow(),
      this.#parts.patterns?.listFor(this.#agentId) ?? [],
    ]);
    if (learned === this.#learned) return;
    for (const memory of this.#learned) this.#collection.remove(keyOf(memory));
    for (const memory of learned) this.#collection.put(memory);
    this.#learned = learned;
  }

  async #follow(): Promise<void> {
    const { feed } = this.#parts;
    this.#position ??= await this.#read();
    let changes = await feed.since(this.#agentId, this.#position);
    if (changes.memoryIds === undefined) {
      this.#position = await this.#read();
      changes = await feed.since(this.#agentId, this.#position);
    }
    if (changes.memoryIds === undefined) {
      // Too many changes to take in one by one. This read holds all that was written before it; the next search reads again.
      await this.#read(true);
      this.#position = undefined;
      return;
    }
    await this.#take(changes.memoryIds);
    this.#position = changes.position;
  }

  async #read(consistent = false): Promise<FeedPosition> {
    const { records, feed, maxIndexed = MAX_INDEXED, onUnsearched } = this.#parts;
    const position = await feed.begin(this.#agentId);
    let found: Memory[] = [];
    let count = 0;
    for await (const memories of records.ofAgent(this.#agentId, { consistent })) {
      found.push(...memories);
      count += memories.length;
      // Twice as many at most are held, however many there are.
      if (found.length > 2 * maxIndexed) found = found.sort(byStanding).slice(0, maxIndexed);
    }
    if (found.length > maxIndexed) found = found.sort(byStanding).slice(0, maxIndexed);
    const collection = new MemoryCollection();
    for (const memory of found) collection.put(memory);
    this.#collection = collection;
    this.#learned = [];
    collection.unsearched = count - found.length;
    if (collection.unsearched > 0) onUnsearched?.(this.#agentId, collection.unsearched);
    return position;
  }

  async #take(memoryIds: readonly string[]): Promise<void> {
    if (memoryIds.length === 0) return;
    const owner = this.#agentId;
    const found = await this.#parts.records.getMany(memoryIds.map((memoryId) => ({ owner, memoryId })));
    const left = new Set(memoryIds.map((memoryId) => keyOf({ agentId: owner, memoryId })));
    for (const memory of found) {
      left.delete(keyOf(memory));
      this.#collection.put(memory);
    }
    for (const key of left) this.#collection.remove(key);
  }
}
