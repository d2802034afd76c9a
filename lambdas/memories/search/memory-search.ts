import { setImmediate as nextTurn } from 'node:timers/promises';
import type * as z from 'zod';
import type { Clock } from '../../shared/platform/clock.ts';
import type { MemoryCategories } from '../../shared/schema/memory-categories.ts';
import type { ReadonlyDeep } from '../../shared/schema/readonly-deep.ts';
import { goneBy } from '../categories.ts';
import { type Memory, type Metadata, renderContent } from '../memory.ts';
import type { MemoryFeed } from '../memory-feed.ts';
import type { Scope } from '../memory-listing.ts';
import type { MemoryRecords } from '../memory-records.ts';
import type { MemorySharing } from '../memory-sharing.ts';
import type { PatternMemories } from '../pattern-memories.ts';
import type { searchBody } from '../search-contract.ts';
import { CollectionCache } from './collection-cache.ts';
import type { Embedder } from './embedder.ts';
import { orUndefined } from './embedding.ts';
import { type MemoryCollection, timeOf } from './memory-collection.ts';
import { OwnMemories } from './own-memories.ts';
import { type Hit, rankScored, type Scores, scoresOf } from './ranking.ts';
import { SharedMemories } from './shared-memories.ts';

type SearchBody = ReadonlyDeep<z.output<typeof searchBody>>;

/** All of them must hold; of a list, one must. */
export type SearchFilters = NonNullable<SearchBody['filters']>;

export interface SearchRequest extends SearchBody {
  /** Leaves out what comes from another user, not what names no user. @default nothing is left out by user */
  readonly userId?: string;
}

export interface PreloadRequest extends Omit<SearchRequest, 'query'> {
  readonly situation: Metadata;
}

/** Memories ready to be searched: the agent's own, and what others share with it, as far as asked for. */
export interface Ready {
  readonly own: MemoryCollection | undefined;
  readonly shared: MemoryCollection | undefined;
}

export interface SearchResult {
  /** Best first. */
  readonly hits: readonly Hit[];
  /** The agent's memories that were not looked at: see `MAX_INDEXED`. */
  readonly unsearched: number;
}

const DEFAULT_TOP_K = 10;
/** Cache of 40,000 short memories, a third of the function's memory. Strings and garbage take their share of the rest. */
const MAX_BYTES = 512 * 1024 * 1024;

export interface MemorySearchParts {
  readonly records: MemoryRecords;
  readonly feed: MemoryFeed;
  readonly sharing: MemorySharing;
  /** Without them, no patterns are found. */
  readonly patterns?: PatternMemories;
  readonly categories: MemoryCategories;
  readonly clock: Clock;
  /** Without one, words alone decide. */
  readonly embedder?: Embedder;
  /** Told when the embedder failed: the search goes on by words. */
  readonly onEmbedderError?: (error: Error) => void;
  /** Told when an agent has more memories than are searched. */
  readonly onUnsearched?: (agentId: string, unsearched: number) => void;
  /** @default MAX_INDEXED */
  readonly maxIndexed?: number;
  /** Milliseconds for which a search may rely on an earlier read of what others share. @default 0: read every time */
  readonly sharedTrustedMs?: number;
}

/**
 * Finds memories. An agent's memories stay in the process and follow the change feed, so other processes' writes are
 * found. A search costs one strong query (1 read unit) when nothing has changed, and one more where patterns are found
 * too. The first search for an agent reads everything: 0.125 read units per KB.
 */
export class MemorySearch {
  readonly #parts: MemorySearchParts;
  readonly #cache: CollectionCache;

  constructor(parts: MemorySearchParts) {
    this.#parts = parts;
    this.#cache = new CollectionCache(MAX_BYTES);
  }

  /** Best first. What is expired is not found; of others only what they share at this moment. */
  async search(agentId: string, request: SearchRequest): Promise<SearchResult> {
    const [result] = await this.searchBatch(agentId, [request]);
    return result!;
  }

  /** Brings what there is to be found up to date; may begin before it is known what is looked for. */
  async ready(agentId: string, scopes: Iterable<Scope>): Promise<Ready> {
    const asked = new Set(scopes);
    const [own, shared] = await Promise.all([
      asked.has('own') || asked.has('all') ? this.#own(agentId) : undefined,
      asked.has('shared') || asked.has('all') ? this.#shared(agentId) : undefined,
    ]);
    return { own, shared };
  }

  /**
   * Several questions about the same memories, for the price of one refresh. In the order of the requests.
   *
   * Cached memories are ranked while the table is asked for news. Mostly there are none, and the ranking holds.
   */
  async searchBatch(
    agentId: string,
    requests: readonly SearchRequest[],
    ready = this.ready(
      agentId,
      requests.map(({ scope = 'own' }) => scope),
    ),
  ): Promise<SearchResult[]> {
    const news = { isThere: false };
    const arrived = (): void => void (news.isThere = true);
    ready.then(arrived, arrived);
    const queries = [...new Set(requests.map(({ query }) => query))];
    const vectors = new Map(
      await Promise.all(queries.map(async (query) => [query, await this.#embed(query)] as const)),
    );
    // By then the question for news is on its way.
    await nextTurn();
    const known = {
      own: this.#cache.known(ownName(agentId)),
      shared: this.#cache.known(sharedName(agentId)),
    };
    const early = news.isThere
      ? undefined
      : { of: snapshotOf(known, requests), hits: this.#rankAll(known, requests, vectors) };
    const current = await ready;
    const hits =
      early && isSame(early.of, snapshotOf(current, requests))
        ? early.hits
        : this.#rankAll(current, requests, vectors);
    return requests.map(({ scope }, i) => ({
      hits: hits[i]!,
      unsearched: collectionsOf(current, scope).reduce((sum, { unsearched }) => sum + unsearched, 0),
    }));
  }

  /**
   * Memories to know before acting in a situation. Pinned ones come first, as far as the filters want them; then those
   * found by the words of the situation's fields.
   */
  async preload(agentId: string, { situation, ...request }: PreloadRequest): Promise<SearchResult> {
    const { topK = DEFAULT_TOP_K, filters = {}, scope = 'own' } = request;
    const query = renderContent(situation);
    const { hits, unsearched } = await this.search(agentId, { ...request, query, topK: topK * 2 });
    if (scope === 'shared') return { hits: hits.slice(0, topK), unsearched };
    const now = this.#parts.clock();
    const isWanted = this.#isWanted(filters, now);
    const found = new Map(hits.map((hit) => [hit.memory.memoryId, hit]));
    const pinned = (await this.#own(agentId)).memories
      .filter((memory) => memory !== undefined)
      .filter((memory) => memory.pinned && isWanted(memory))
      .map((memory) => found.get(memory.memoryId) ?? unranked(memory))
      .sort((a, b) => b.score - a.score || b.memory.importance - a.memory.importance);
    const first = new Set(pinned.map(({ memory }) => memory));
    return {
      hits: [...pinned, ...hits.filter(({ memory }) => !first.has(memory))].slice(0, topK),
      unsearched,
    };
  }

  #rankAll(
    ready: Ready,
    requests: readonly SearchRequest[],
    vectors: ReadonlyMap<string, Float32Array | undefined>,
  ): Hit[][] {
    const now = this.#parts.clock();
    const asked = new Map<string, Scores>();
    return requests.map(({ query, topK = DEFAULT_TOP_K, filters = {}, scope = 'own', boosts, userId }) => {
      const vector = vectors.get(query);
      const question = `${scope} ${query}`;
      const scores =
        asked.get(question) ?? scoresOf(collectionsOf(ready, scope), { query, ...(vector && { vector }) });
      asked.set(question, scores);
      return rankScored(scores, {
        topK,
        now,
        isWanted: this.#isWanted(filters, now, userId),
        ...(filters.memoryType && { types: filters.memoryType }),
        ...(boosts && { boosts }),
      });
    });
  }

  #own(agentId: string): Promise<MemoryCollection> {
    return this.#cache.current(ownName(agentId), () => new OwnMemories(agentId, this.#parts));
  }

  #shared(agentId: string): Promise<MemoryCollection> {
    const { sharedTrustedMs: trustedMs = 0, ...parts } = this.#parts;
    return this.#cache.current(
      sharedName(agentId),
      () => new SharedMemories(agentId, { ...parts, trustedMs }),
    );
  }

  async #embed(query: string): Promise<Float32Array | undefined> {
    const { embedder, onEmbedderError = () => undefined } = this.#parts;
    return embedder && orUndefined(embedder, onEmbedderError)(query);
  }

  #isWanted(filters: SearchFilters, now: Date, userId?: string): (memory: Memory) => boolean {
    const { memoryType, category, tags, tier, from, to, minConfidence } = filters;
    const isGone = goneBy(this.#parts.categories, now);
    return (memory) =>
      (memoryType === undefined || memoryType.includes(memory.memoryType)) &&
      (category === undefined || category.includes(memory.category)) &&
      (tier === undefined || tier.includes(memory.tier)) &&
      (tags === undefined || tags.every((tag) => memory.tags.includes(tag))) &&
      (from === undefined || timeOf(memory) >= from) &&
      (to === undefined || timeOf(memory) <= to) &&
      (minConfidence === undefined || memory.importance >= minConfidence) &&
      (userId === undefined || (memory.provenance?.userId ?? userId) === userId) &&
      !isGone(memory);
  }
}

const ownName = (agentId: string): string => `own ${agentId}`;
const sharedName = (agentId: string): string => `shared ${agentId}`;

const collectionsOf = ({ own, shared }: Ready, scope: Scope = 'own'): MemoryCollection[] => [
  ...(own && scope !== 'shared' ? [own] : []),
  ...(shared && scope !== 'own' ? [shared] : []),
];

interface Seen {
  readonly collection: MemoryCollection;
  readonly version: number;
}

/** The collections that the requests look at, with their present versions. */
const snapshotOf = (ready: Ready, requests: readonly SearchRequest[]): Seen[] =>
  requests
    .flatMap(({ scope }) => collectionsOf(ready, scope))
    .map((collection) => ({ collection, version: collection.version }));

const isSame = (some: readonly Seen[], others: readonly Seen[]): boolean =>
  some.length === others.length &&
  some.every(
    ({ collection, version }, i) => others[i]!.collection === collection && others[i]!.version === version,
  );

const unranked = (memory: Memory): Hit => ({
  memory,
  score: 0,
  why: { base: 0, recency: 1, importance: 1, outcome: 1 },
});
