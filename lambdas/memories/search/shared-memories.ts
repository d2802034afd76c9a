import type { Clock } from '../../shared/platform/clock.ts';
import type { Reference } from '../../sharing/sharing.ts';
import type { FeedPosition, MemoryFeed } from '../memory-feed.ts';
import type { MemoryRecords } from '../memory-records.ts';
import type { MemorySharing } from '../memory-sharing.ts';
import type { CollectionSource } from './collection-cache.ts';
import { keyOf, MemoryCollection } from './memory-collection.ts';

export interface SharedMemoriesParts {
  readonly sharing: MemorySharing;
  readonly records: MemoryRecords;
  readonly feed: MemoryFeed;
  readonly clock: Clock;
  /** Milliseconds for which neither the shares nor the memories are read again. */
  readonly trustedMs: number;
}

/**
 * Memories that others share with an agent. Each refresh reads who shares what, unless an earlier read may be relied on:
 * shares by name strongly consistent, shares with all from an index. The memories themselves are read once and then
 * followed through their owners' change feeds, one query for each.
 */
export class SharedMemories implements CollectionSource {
  readonly collection = new MemoryCollection();
  readonly #positions = new Map<string, FeedPosition>();
  readonly #agentId: string;
  readonly #parts: SharedMemoriesParts;
  #trustedUntil = -Infinity;

  constructor(agentId: string, parts: SharedMemoriesParts) {
    this.#agentId = agentId;
    this.#parts = parts;
  }

  async refresh(): Promise<void> {
    const now = this.#parts.clock().getTime();
    if (now < this.#trustedUntil) return;
    await this.#readAgain();
    this.#trustedUntil = now + this.#parts.trustedMs;
  }

  async #readAgain(): Promise<void> {
    const references = await this.#parts.sharing.references(this.#agentId);
    const wanted = new Map(references.map((reference) => [nameOf(reference), reference]));
    for (const key of this.collection.keys()) if (!wanted.has(key)) this.collection.remove(key);
    const changed = await this.#changed([...new Set(references.map(({ owner }) => owner))]);
    const stale = [...wanted].filter(
      ([key, { owner }]) => !this.collection.has(key) || changed.get(owner)?.has(key) !== false,
    );
    const found = await this.#parts.records.getMany(stale.map(([, reference]) => reference));
    const left = new Set(stale.map(([key]) => key));
    for (const memory of found) {
      left.delete(keyOf(memory));
      this.collection.put(memory);
    }
    for (const key of left) this.collection.remove(key);
  }

  /** By owner, the keys that changed; an owner whose everything may have changed is missing. */
  async #changed(owners: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const changed = new Map<string, ReadonlySet<string>>();
    for (const owner of [...this.#positions.keys()])
      if (!owners.includes(owner)) this.#positions.delete(owner);
    await Promise.all(
      owners.map(async (owner) => {
        const before = this.#positions.get(owner);
        if (!before) {
          this.#positions.set(owner, await this.#parts.feed.begin(owner));
          return;
        }
        const { memoryIds, position } = await this.#parts.feed.since(owner, before);
        this.#positions.set(owner, position);
        if (memoryIds)
          changed.set(owner, new Set(memoryIds.map((memoryId) => keyOf({ agentId: owner, memoryId }))));
      }),
    );
    return changed;
  }
}

const nameOf = ({ owner, memoryId }: Reference): string => keyOf({ agentId: owner, memoryId });
