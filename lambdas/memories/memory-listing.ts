import type * as z from 'zod';
import { AnswerRoom } from '../shared/answer-room.ts';
import { decodePageToken, encodePageToken } from '../shared/dynamodb/page-token.ts';
import type { Clock } from '../shared/platform/clock.ts';
import { type MemoryCategories, type MemoryType, memoryTypes } from '../shared/schema/memory-categories.ts';
import { goneBy } from './categories.ts';
import type { scopeSchema } from './fields.ts';
import { withoutVector } from './memory-change.ts';
import type { Memory, Revision } from './memory.ts';
import type { MemoryTier } from './memory-stages.ts';
import type { ImportancePosition, MemoryRecords } from './memory-records.ts';
import type { MemorySharing } from './memory-sharing.ts';
import type { MemoryStore } from './memory-store.ts';
import type { PatternMemories } from './pattern-memories.ts';

export type Scope = z.output<typeof scopeSchema>;

export interface MemoryQuery {
  readonly memoryType?: MemoryType;
  readonly category?: string;
  readonly tier?: MemoryTier;
  /** @default own */
  readonly scope?: Scope;
  readonly maxResults?: number;
  readonly nextToken?: string;
}

/** The last memory shown; without an id, where its part of the list begins. */
type Position = readonly [
  part: 'own' | 'shared',
  memoryType: string,
  importance: number,
  owner: string,
  id: string,
];

/** The page that the agent's own memories go to. */
interface OwnPart {
  readonly items: Memory[];
  readonly room: AnswerRoom;
  readonly limit: number;
}

/** Where what others share begins. */
const BEFORE_SHARED: Position = ['shared', '', 0, '', ''];

const DEFAULT_PAGE = 20;
const INDEX_PAGE = 100;
/** Index pages read for one answer at most. Where filters leave little, a page is short and has a next one. */
const MAX_PAGES = 15;

const isPosition = (value: unknown): value is Position =>
  Array.isArray(value) &&
  value.length === 5 &&
  (value[0] === 'own' || value[0] === 'shared') &&
  (value[0] === 'shared' || memoryTypes.includes(value[1] as MemoryType)) &&
  Number.isFinite(value[2]) &&
  typeof value[3] === 'string' &&
  typeof value[4] === 'string' &&
  (value[4] === '' || value[1] === 'PATTERN' || value[4].startsWith(`${String(value[1])}-`)) &&
  value[4].length <= 256;

const byImportance = (a: Memory, b: Memory): number =>
  b.importance - a.importance ||
  (a.agentId < b.agentId ? -1 : a.agentId > b.agentId ? 1 : a.memoryId < b.memoryId ? -1 : 1);

/**
 * Memories for reading: own ones type by type and most important first within each, from an index and so eventually
 * consistent; then what others share, most important first.
 */
export class MemoryListing {
  readonly #records: MemoryRecords;
  readonly #sharing: MemorySharing;
  readonly #store: MemoryStore;
  readonly #patterns: PatternMemories;
  readonly #categories: MemoryCategories;
  readonly #clock: Clock;

  constructor(
    parts: { records: MemoryRecords; sharing: MemorySharing; store: MemoryStore; patterns: PatternMemories },
    categories: MemoryCategories,
    clock: Clock,
  ) {
    this.#records = parts.records;
    this.#sharing = parts.sharing;
    this.#store = parts.store;
    this.#patterns = parts.patterns;
    this.#categories = categories;
    this.#clock = clock;
  }

  async list(agentId: string, request: MemoryQuery) {
    const { scope = 'own', maxResults = DEFAULT_PAGE, nextToken, ...filters } = request;
    const query = ['memories', agentId, scope, filters];
    const position = decodePageToken(query, nextToken, isPosition);
    const now = this.#clock();
    const isGone = goneBy(this.#categories, now);
    const isWanted = (memory: Memory): boolean =>
      (filters.memoryType === undefined || memory.memoryType === filters.memoryType) &&
      (filters.category === undefined || memory.category === filters.category) &&
      (filters.tier === undefined || memory.tier === filters.tier) &&
      !isGone(memory);
    const items: Memory[] = [];
    const room = new AnswerRoom();
    let next: Position | undefined;
    if (scope !== 'shared' && position?.[0] !== 'shared')
      next = await this.#own(
        agentId,
        filters.memoryType,
        isWanted,
        { items, room, limit: maxResults },
        position,
      );
    if (scope !== 'own' && next === undefined) {
      const after = position?.[0] === 'shared' && position[4] !== '' ? position : undefined;
      if (items.length < maxResults) {
        const shared = (await this.#sharing.sharedWith(agentId))
          .filter((memory) => isWanted(memory) && (!after || isAfter(memory, after)))
          .sort(byImportance);
        const shown = room.takeLeading(shared, maxResults - items.length, withoutVector);
        const last = shown.at(-1);
        items.push(...shown);
        if (shown.length < shared.length) next = last ? positionOf('shared', last) : BEFORE_SHARED;
      } else next = BEFORE_SHARED;
    }
    return {
      items,
      nextToken: next ? encodePageToken(query, next) : null,
      consistency: 'eventual' as const,
    };
  }

  /** A memory's present form and everything it was, newest first, strongly consistent. @throws NotFoundError */
  async revisions(
    agentId: string,
    memoryId: string,
    { maxResults = DEFAULT_PAGE, nextToken }: Pick<MemoryQuery, 'maxResults' | 'nextToken'>,
  ): Promise<{
    items: (Omit<Revision, 'replacedAt'> & { replacedAt: string | null })[];
    nextToken: string | null;
  }> {
    const query = ['revisions', agentId, memoryId];
    const below = decodePageToken(query, nextToken, isVersion);
    const memory = await this.#store.get(agentId, memoryId);
    const current =
      below === undefined
        ? [{ version: memory.version, memory: withoutVector(memory), replacedAt: null }]
        : [];
    const room = new AnswerRoom();
    const items: (Omit<Revision, 'replacedAt'> & { replacedAt: string | null })[] = room.takeLeading(
      current,
      1,
    );
    // One more than is shown says whether there is a next page.
    const limit = maxResults - items.length + 1;
    const pages = this.#records.revisionPages(agentId, memoryId, limit, below ?? memory.version);
    for await (const page of pages) {
      const shown = room.takeLeading(page, maxResults - items.length);
      items.push(...shown);
      if (shown.length < page.length)
        return { items, nextToken: encodePageToken(query, items.at(-1)!.version) };
    }
    return { items, nextToken: null };
  }

  /** @returns where the next page begins, undefined after the last memory */
  async #own(
    agentId: string,
    memoryType: MemoryType | undefined,
    isWanted: (memory: Memory) => boolean,
    { items, room, limit }: OwnPart,
    position: Position | undefined,
  ): Promise<Position | undefined> {
    const types = memoryType === undefined ? memoryTypes : memoryTypes.filter((type) => type === memoryType);
    let at = position;
    let pages = 0;
    for (const type of types.slice(position ? Math.max(0, types.indexOf(position[1] as MemoryType)) : 0)) {
      for (let last = false; !last;) {
        if (pages++ === MAX_PAGES) return at ?? ['own', type, 0, agentId, ''];
        const after = at?.[1] === type && at[4] !== '' ? { importance: at[2], memoryId: at[4] } : undefined;
        const page = await this.#page(agentId, type, after);
        last = page.last;
        for (const [i, memory] of page.memories.entries()) {
          const wanted = isWanted(memory);
          if (wanted && !room.take(withoutVector(memory))) return at;
          at = positionOf('own', memory);
          if (wanted && items.push(memory) === limit) {
            const isEnd = last && i === page.memories.length - 1 && type === types.at(-1);
            return isEnd ? undefined : at;
          }
        }
        if (page.memories.length === 0 && !last) return at;
      }
      const following = types[types.indexOf(type) + 1];
      if (following) at = ['own', following, 0, agentId, ''];
    }
    return undefined;
  }

  /** An agent has some hundred patterns at most, and they are read as a whole. */
  async #page(agentId: string, type: MemoryType, after: ImportancePosition | undefined) {
    if (type !== 'PATTERN') return this.#records.byImportance(agentId, type, INDEX_PAGE, after);
    const patterns = await this.#patterns.listFor(agentId);
    const isNext = (memory: Memory): boolean => !after || byImportance({ ...memory, ...after }, memory) < 0;
    return { memories: patterns.filter(isNext), last: true };
  }
}

const isVersion = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 100_000_000;

const positionOf = (part: 'own' | 'shared', memory: Memory): Position => [
  part,
  memory.memoryType,
  memory.importance,
  memory.agentId,
  memory.memoryId,
];

const isAfter = (memory: Memory, [, , importance, agentId, memoryId]: Position): boolean =>
  byImportance({ ...memory, importance, agentId, memoryId }, memory) < 0;
