import type { Item, Table } from '../shared/dynamodb/table.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import { type Memory, type MemoryType, type Revision, storedTypes } from './memory.ts';
import {
  aliasTarget,
  confidenceIndex,
  fromItem,
  fromRevisionItem,
  historyPartition,
  memoryKey,
  memoryPartition,
  revisionKey,
  VERSION_PREFIX,
} from './table.ts';

/** The last memory of a page of a list by importance. */
export interface ImportancePosition {
  readonly importance: number;
  readonly memoryId: string;
}

/** Ids end in hexadecimal digits of a hash: these cut a type's memories into parts of about equal size. */
const CUTS = ['', '4', '8', 'c', 'g'] as const;

const isMemory = (item: Item): boolean => aliasTarget(item) === undefined;

/** Reads memories as they are stored. Expired ones are among them: the caller leaves them out. */
export class MemoryRecords {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Strongly consistent: 1 read unit per 4 KB. */
  async get(agentId: string, memoryId: string): Promise<Memory | undefined> {
    const item = await this.item(agentId, memoryId);
    return item && isMemory(item) ? fromItem(item) : undefined;
  }

  /** The row under a memory's id, which may only say where its content is now. */
  async item(agentId: string, memoryId: string): Promise<Item | undefined> {
    const key = memoryKey(agentId, memoryId);
    return key && this.#table.get(key);
  }

  /** Those that exist, in no particular order, strongly consistent. */
  async getMany(
    references: readonly { readonly owner: string; readonly memoryId: string }[],
  ): Promise<Memory[]> {
    const keys = references.flatMap(({ owner, memoryId }) => memoryKey(owner, memoryId) ?? []);
    return (await this.#table.getAll(keys)).filter(isMemory).map(fromItem);
  }

  /**
   * Every memory of the agent, page by page: 0.125 read units per KB and at least half a unit for each type,
   * 0.25 and one when consistent. A type with more than a page (1 MB) is read in four parts at once.
   */
  async *ofAgent(
    agentId: string,
    options: { readonly consistent: boolean } = { consistent: true },
  ): AsyncGenerator<Memory[]> {
    const pages = storedTypes.map((type) => this.#page(agentId, type, '', '~', options.consistent));
    const rest: Promise<Memory[][]>[] = [];
    // Awaited one by one. Without this, one that fails while another is awaited would be an unhandled rejection.
    const settled = (pending: Promise<unknown>) => pending.catch(() => undefined);
    pages.forEach(settled);
    for (const [i, pending] of pages.entries()) {
      const { memories, last } = await pending;
      const type = storedTypes[i]!;
      if (last !== undefined)
        for (let part = 0; part < CUTS.length - 1; part++) {
          const from = `${type}-${CUTS[part]}`;
          const to = `${type}-${CUTS[part + 1]}`;
          if (to > last)
            rest.push(this.#range(agentId, type, last > from ? last : from, to, options.consistent));
        }
      yield memories;
    }
    rest.forEach(settled);
    for (const pending of rest) yield* await pending;
  }

  /** One page of an agent's memories of a type, most important first: eventually consistent. */
  async byImportance(
    agentId: string,
    memoryType: MemoryType,
    limit: number,
    after?: ImportancePosition,
  ): Promise<{ readonly memories: readonly Memory[]; readonly last: boolean }> {
    const { items, last } = await this.#table.query({
      index: confidenceIndex,
      partition: memoryPartition(agentId, memoryType),
      descending: true,
      limit,
      start: after && {
        ...memoryKey(agentId, after.memoryId),
        [confidenceIndex.sortKey.name]: after.importance,
      },
    });
    return { memories: items.map(fromItem), last: last === undefined };
  }

  /** Earlier versions of a memory, newest first. */
  async revisions(agentId: string, memoryId: string): Promise<Revision[]> {
    const revisions: Revision[] = [];
    for await (const page of this.revisionPages(agentId, memoryId)) revisions.push(...page);
    return revisions;
  }

  /** The same, page by page, at most `limit` a page. */
  async *revisionPages(
    agentId: string,
    memoryId: string,
    limit?: number,
    below?: number,
  ): AsyncGenerator<Revision[]> {
    const pages = this.#table.pages({
      partition: historyPartition(agentId, memoryId),
      sort: { prefix: VERSION_PREFIX },
      descending: true,
      limit,
      start: below === undefined ? undefined : revisionKey(agentId, memoryId, below),
    });
    for await (const items of pages) yield items.map(fromRevisionItem);
  }

  /** Memories with `from < id < to`, all pages. */
  async #range(
    agentId: string,
    type: MemoryType,
    from: string,
    to: string,
    consistent: boolean,
  ): Promise<Memory[][]> {
    const pages: Memory[][] = [];
    for (let start: string | undefined = from; start !== undefined;) {
      const { memories, last } = await this.#page(agentId, type, start, to, consistent);
      pages.push(memories.filter(({ memoryId }) => memoryId !== start));
      start = last;
    }
    return pages;
  }

  async #page(
    agentId: string,
    type: MemoryType,
    from: string,
    to: string,
    consistent: boolean,
  ): Promise<{ readonly memories: Memory[]; readonly last: string | undefined }> {
    const { items, last } = await this.#table.query({
      partition: memoryPartition(agentId, type),
      sort: from === '' ? undefined : { from, to },
      eventual: !consistent,
    });
    return { memories: items.filter(isMemory).map(fromItem), last: last && String(last[SORT_KEY]) };
  }
}
