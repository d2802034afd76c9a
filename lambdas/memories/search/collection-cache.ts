import type { MemoryCollection } from './memory-collection.ts';

/** A collection and what keeps it up to date. */
export interface CollectionSource {
  readonly collection: MemoryCollection;
  /** Takes in what has changed since the last time. */
  refresh(): Promise<void>;
}

interface Entry {
  readonly source: CollectionSource;
  /** One refresh after the other: two at once would each take the same changes for new. */
  last: Promise<void>;
}

/** The collections asked for last, as many as fit into a number of bytes; the one in use always does. */
export class CollectionCache {
  readonly #maxBytes: number;
  /** In the order of their use, latest last. */
  readonly #entries = new Map<string, Entry>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** How many are kept. */
  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return [...this.#entries.values()].reduce((sum, { source }) => sum + source.collection.bytes, 0);
  }

  /** The collection under a name, up to date. A refresh that failed leaves nothing behind that could be half done. */
  async current(name: string, create: () => CollectionSource): Promise<MemoryCollection> {
    const entry = this.#entries.get(name) ?? { source: create(), last: Promise.resolve() };
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    entry.last = entry.last.then(() => entry.source.refresh());
    try {
      await entry.last;
    } catch (error) {
      if (this.#entries.get(name) === entry) this.#entries.delete(name);
      throw error;
    }
    this.#evict(name);
    return entry.source.collection;
  }

  #evict(inUse: string): void {
    let bytes = this.bytes;
    for (const [name, { source }] of this.#entries) {
      if (bytes <= this.#maxBytes) return;
      if (name === inUse) continue;
      this.#entries.delete(name);
      bytes -= source.collection.bytes;
    }
  }
}
