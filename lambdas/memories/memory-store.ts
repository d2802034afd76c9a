import type { Table } from '../shared/dynamodb/table.ts';
import { ConflictError, NotFoundError, ThrottledError, VersionConflictError } from '../shared/errors.ts';
import { payloadHash } from '../shared/platform/ids.ts';
import type { MemoryCategories } from '../shared/schema/memory-categories.ts';
import { categoryFor, isGone } from './categories.ts';
import { contentIdOf, type Memory, memoryIdOf, renderContent } from './memory.ts';
import {
  changed,
  isSame,
  type MemoryChange,
  type NewMemory,
  payloadOf,
  withoutVector,
} from './memory-change.ts';
import type { MemoryFeed } from './memory-feed.ts';
import type { MemoryRecords } from './memory-records.ts';
import { MemoryWrites, type SaveResult } from './memory-writes.ts';
import { aliasTarget, fromItem, toTokenItem } from './table.ts';

export interface Saved {
  readonly memory: Memory;
  readonly result: SaveResult;
}

/** The embedding of a text, of unit length; undefined when there is none. */
export type Embed = (text: string) => Promise<Float32Array | undefined>;

/** Tries of a write when others write the same memory at the same time. Each begins with a read. */
const TRIES = 5;

export interface MemoryStoreParts {
  readonly records: MemoryRecords;
  readonly feed: MemoryFeed;
  /** Without it, memories are stored without embeddings. */
  readonly embed?: Embed;
}

/**
 * An agent's memories. Saving a new one of up to 1 KB costs 1 read and 5 write units: 2 for the memory, 1 for its
 * index, 2 for the feed. The same content again costs 1 read and 3 write units, a change 9. An embedding adds 1 KB to
 * each.
 */
export class MemoryStore {
  readonly #table: Table;
  readonly #categories: MemoryCategories;
  readonly #records: MemoryRecords;
  readonly #writes: MemoryWrites;
  readonly #embed: Embed;

  constructor(table: Table, categories: MemoryCategories, { records, feed, embed }: MemoryStoreParts) {
    this.#table = table;
    this.#categories = categories;
    this.#records = records;
    this.#writes = new MemoryWrites(table, records, feed);
    this.#embed = embed ?? (() => Promise.resolve(undefined));
  }

  /** Strongly consistent. @throws NotFoundError also when it is expired */
  async get(agentId: string, memoryId: string): Promise<Memory> {
    const memory = await this.#records.get(agentId, memoryId);
    if (!memory || isGone(this.#categories, memory, this.#table.clock()))
      throw new NotFoundError(`No memory ${memoryId}`);
    return memory;
  }

  /**
   * Stores a memory, or notes that the same content was seen again; what was changed since keeps its change. With a
   * clientToken the same request again counts once.
   * @throws ValidationFailedError at `category`, IdempotencyMismatchError, TooLargeError
   */
  async save(agentId: string, request: NewMemory): Promise<Saved> {
    const { importance, category } = categoryFor(this.#categories, request.memoryType, request.category);
    const { memoryType, content, clientToken, pinned = false, tags = [], ...rest } = request;
    const contentId = memoryIdOf(agentId, memoryType, category, content);
    const token =
      clientToken === undefined
        ? undefined
        : toTokenItem(agentId, clientToken, payloadHash(payloadOf(request)));
    for (let tries = 0; tries < TRIES; tries++) {
      const { row, earlier } = await this.#writes.stored(agentId, contentId, token);
      if (earlier) {
        const memory = await this.#records.get(agentId, earlier.memoryId);
        if (memory) return { memory: await this.#restored(memory, request), result: earlier.result };
      }
      const openToken = earlier ? undefined : token;
      // A memory that is expired and not collected yet is seen again as well, with all it was before.
      if (row) {
        const memoryId = aliasTarget(row) ?? contentId;
        const memory = await this.#writes.see(agentId, memoryId, openToken);
        if (memory) return { memory: await this.#restored(memory, request), result: 'seen' };
        // The night has removed the memory that this row is another name of, and not the row yet.
        if (memoryId !== contentId) await this.#writes.removeAlias(agentId, contentId, memoryId);
        continue;
      }
      const at = this.#table.clock().toISOString();
      const text = rest.text ?? renderContent(content);
      const vector = await this.#embed(text);
      const memory: Memory = {
        importance,
        ...rest,
        memoryId: contentId,
        agentId,
        memoryType,
        category,
        content,
        text,
        tags,
        pinned,
        createdAt: at,
        updatedAt: at,
        lastSeenAt: at,
        timesSeen: 1,
        version: 1,
        tier: 'hot',
        form: 'full',
        accessCount: 0,
        ...(vector && { vector }),
      };
      if (await this.#writes.create(memory, openToken)) return { memory, result: 'created' };
    }
    throw new ThrottledError('Too many writes to one memory; slow down and retry');
  }

  /**
   * Changes a memory and keeps what it was. Its id stays: from then on its new content, saved again, is this memory
   * seen again, and so is the old.
   * @throws NotFoundError, VersionConflictError, ConflictError when another memory says the new content already
   */
  async update(
    agentId: string,
    memoryId: string,
    expectedVersion: number,
    change: MemoryChange,
  ): Promise<Memory> {
    const now = this.#table.clock();
    const row = await this.#records.item(agentId, memoryId);
    const before = row && aliasTarget(row) === undefined ? fromItem(row) : undefined;
    if (!row || !before || isGone(this.#categories, before, now))
      throw new NotFoundError(`No memory ${memoryId}`);
    if (change.category !== undefined) categoryFor(this.#categories, before.memoryType, change.category);
    const after = changed(before, change);
    if (before.version !== expectedVersion) {
      // A repeat of the change that made this version comes with the version before it.
      if (before.version === expectedVersion + 1 && isSame(before, after)) return before;
      throw new VersionConflictError(before.version);
    }
    const vector = after.text === before.text ? before.vector : await this.#embed(after.text);
    const next: Memory = {
      ...withoutVector(after),
      version: before.version + 1,
      updatedAt: now.toISOString(),
      tier: 'hot',
      form: change.content === undefined ? before.form : 'full',
      ...(vector && { vector }),
    };
    const obstacle = await this.#writes.replace(row, before, next);
    if (obstacle === 'version') throw new VersionConflictError((await this.get(agentId, memoryId)).version);
    if (obstacle === 'content')
      throw new ConflictError(`Another memory says that already: ${contentIdOf(next)}`);
    return next;
  }

  /**
   * A memory that age has shortened is whole again when its content is saved again; the short form becomes a revision.
   * 1 read and 9 write units. Killed before, the save was not answered, and the same request again restores it. Content
   * from before a correction restores nothing: it would undo the correction.
   */
  async #restored(memory: Memory, { content, text, metadata }: NewMemory): Promise<Memory> {
    const { agentId, memoryId } = memory;
    let current = memory;
    for (let tries = 1; current.form !== 'full'; tries++) {
      const item = await this.#records.item(agentId, memoryId);
      const says = memoryIdOf(agentId, current.memoryType, current.category, content);
      if (says !== (item?.['contentId'] ?? memoryId)) return current;
      const whole = { content, text: text ?? null, ...(metadata && { metadata }) };
      try {
        return await this.update(agentId, memoryId, current.version, whole);
      } catch (error) {
        if (!(error instanceof VersionConflictError) || tries >= TRIES) throw error;
        current = await this.get(agentId, memoryId);
      }
    }
    return current;
  }
}
