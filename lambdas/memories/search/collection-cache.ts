import { UnavailableError } from '../../shared/errors.ts';
import { SECOND_MS } from '../../shared/platform/clock.ts';
import { LateError, withinDeadline } from '../../shared/platform/deadline.ts';
import type { MemoryCollection } from './memory-collection.ts';

/** Reading 20,000 memories takes a few seconds, and a request is cut off after 29. */
const REFRESH_MS = 20 * SECOND_MS;

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
  /** The last refresh, while it has not begun: requests share it, as it will find all that is written by then. */
  waiting: Promise<void> | undefined;
}

/** The collections asked for last, as many as fit into a number of bytes; the one in use always does. */
export class CollectionCache {
  readonly #maxBytes: number;
  readonly #refreshMs: number;
  /** In the order of their use, latest last. */
  readonly #entries = new Map<string, Entry>();

  /** @param refreshMs what one refresh may take */
  constructor(maxBytes: number, refreshMs = REFRESH_MS) {
    this.#maxBytes = maxBytes;
    this.#refreshMs = refreshMs;
  }

  /** Collections kept. */
  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return [...this.#entries.values()].reduce((sum, { source }) => sum + source.collection.bytes, 0);
  }

  /** The collection under a name as it was last known, which may be out of date or not filled yet. */
  known(name: string): MemoryCollection | undefined {
    return this.#entries.get(name)?.source.collection;
  }

  /**
   * The collection under a name, up to date. All calls during one refresh wait for one more. After a refresh that failed
   * or hangs, the collection is dropped, as it may be half refreshed: the next call reads everything.
   *
   * @throws UnavailableError when a refresh is not done in its time
   */
  async current(name: string, create: () => CollectionSource): Promise<MemoryCollection> {
    const entry = this.#entries.get(name) ?? {
      source: create(),
      last: Promise.resolve(),
      waiting: undefined,
    };
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    try {
      await (entry.waiting ??= entry.last = this.#refreshAfter(entry));
    } catch (error) {
      if (this.#entries.get(name) === entry) this.#entries.delete(name);
      throw error instanceof LateError
        ? new UnavailableError('The memories cannot be read now; retry')
        : error;
    }
    this.#evict(name);
    return entry.source.collection;
  }

  async #refreshAfter(entry: Entry): Promise<void> {
    await entry.last;
    entry.waiting = undefined;
    await withinDeadline(entry.source.refresh(), this.#refreshMs);
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
