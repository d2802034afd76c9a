import type { Clock } from '../shared/platform/clock.ts';
import type { AccessCounts } from './access-counts.ts';
import type { Memory } from './memory.ts';
import type { MemorySearch, PreloadRequest, SearchRequest, SearchResult } from './search/memory-search.ts';

/** Reads and searches that are counted for whose memories they show. */
export class CountedSearch {
  readonly #search: MemorySearch;
  readonly #accesses: AccessCounts;
  readonly #clock: Clock;

  constructor(search: MemorySearch, accesses: AccessCounts, clock: Clock) {
    this.#search = search;
    this.#accesses = accesses;
    this.#clock = clock;
  }

  async read(reading: Promise<Memory>): Promise<Memory> {
    const memory = await reading;
    this.#note(memory);
    await this.#accesses.flush();
    return memory;
  }

  search(agentId: string, requests: readonly SearchRequest[]): Promise<SearchResult[]> {
    return this.#counted(agentId, () => this.#search.searchBatch(agentId, requests));
  }

  async preload(agentId: string, request: PreloadRequest): Promise<SearchResult> {
    const [found] = await this.#counted(agentId, async () => [await this.#search.preload(agentId, request)]);
    return found!;
  }

  /** Being found makes no pattern more of one: only outcomes do. */
  #note({ memoryType, agentId, memoryId }: Memory): void {
    if (memoryType !== 'PATTERN') this.#accesses.note(agentId, [memoryId]);
  }

  async #counted(agentId: string, search: () => Promise<SearchResult[]>): Promise<SearchResult[]> {
    const begun = this.#clock().getTime();
    const results = await search();
    const each = (this.#clock().getTime() - begun) / results.length;
    for (const { hits } of results) {
      this.#accesses.noteSearch(agentId, hits.length > 0, each);
      for (const { memory } of hits) this.#note(memory);
    }
    await this.#accesses.flush();
    return results;
  }
}
