import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { type Memory, type MemoryType, type Revision, storedTypes } from './memory.ts';
import {
  aliasTarget,
  confidenceIndex,
  fromItem,
  fromRevisionItem,
  historyPartition,
  type Item,
  memoryKey,
  memoryPartition,
  revisionKey,
  VERSION_PREFIX,
} from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** Where a page of a list by importance ended. */
export interface ImportancePosition {
  readonly importance: number;
  readonly memoryId: string;
}

/** Ids end in hexadecimal digits of a hash: these cut a type's memories into parts of about equal size. */
const CUTS = ['', '4', '8', 'c', 'g'] as const;

const isMemory = (item: Item): boolean => aliasTarget(item) === undefined;

/** Reads of memories, as they are stored: what is expired is in them, and for the caller to leave out. */
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
    const Key = memoryKey(agentId, memoryId);
    if (!Key) return undefined;
    const { Item } = await this.#table.documents.send(
      new GetCommand({ TableName: this.#table.name, Key, ConsistentRead: true }),
    );
    return Item;
  }

  /** Those that exist, in no particular order, strongly consistent. */
  async getMany(
    references: readonly { readonly owner: string; readonly memoryId: string }[],
  ): Promise<Memory[]> {
    const keys = references.flatMap(({ owner, memoryId }) => memoryKey(owner, memoryId) ?? []);
    return (await getAll(this.#table.documents, this.#table.name, keys)).filter(isMemory).map(fromItem);
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
    // Awaited one by one: one that fails while another is awaited must not end the process.
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
    const page = await this.#table.documents.send(
      new QueryCommand({
        TableName: this.#table.name,
        IndexName: confidenceIndex.name,
        ScanIndexForward: false,
        Limit: limit,
        KeyConditionExpression: '#pk = :pk',
        ExpressionAttributeNames: { '#pk': PARTITION_KEY },
        ExpressionAttributeValues: { ':pk': memoryPartition(agentId, memoryType) },
        ...(after && {
          ExclusiveStartKey: {
            ...memoryKey(agentId, after.memoryId),
            [confidenceIndex.sortKey.name]: after.importance,
          },
        }),
      }),
    );
    return { memories: (page.Items ?? []).map(fromItem), last: page.LastEvaluatedKey === undefined };
  }

  /** What a memory was before each of its changes, newest first, before version `below`. */
  async revisions(agentId: string, memoryId: string, limit?: number, below?: number): Promise<Revision[]> {
    const revisions: Revision[] = [];
    let start: Item | undefined = below === undefined ? undefined : revisionKey(agentId, memoryId, below);
    do {
      const page = await this.#table.documents.send(
        new QueryCommand({
          TableName: this.#table.name,
          ConsistentRead: true,
          ScanIndexForward: false,
          Limit: limit,
          KeyConditionExpression: '#pk = :pk AND begins_with(#sk, :prefix)',
          ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
          ExpressionAttributeValues: {
            ':pk': historyPartition(agentId, memoryId),
            ':prefix': VERSION_PREFIX,
          },
          ExclusiveStartKey: start,
        }),
      );
      revisions.push(...(page.Items ?? []).map(fromRevisionItem));
      start = page.LastEvaluatedKey;
    } while (start && (limit === undefined || revisions.length < limit));
    return revisions;
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
    const page = await this.#table.documents.send(
      new QueryCommand({
        TableName: this.#table.name,
        ConsistentRead: consistent,
        KeyConditionExpression: from ? '#pk = :pk AND #sk BETWEEN :from AND :to' : '#pk = :pk',
        ExpressionAttributeNames: { '#pk': PARTITION_KEY, ...(from && { '#sk': SORT_KEY }) },
        ExpressionAttributeValues: {
          ':pk': memoryPartition(agentId, type),
          ...(from && { ':from': from, ':to': to }),
        },
      }),
    );
    return {
      memories: (page.Items ?? []).filter(isMemory).map(fromItem),
      last: page.LastEvaluatedKey && String(page.LastEvaluatedKey[SORT_KEY]),
    };
  }
}
