import { PutCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { failedCondition, failedTransaction } from '../shared/dynamodb/conditions.ts';
import { deleteIf } from '../shared/dynamodb/delete-if.ts';
import { assertItemFits } from '../shared/dynamodb/item-size.ts';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import {
  ConflictError,
  IdempotencyMismatchError,
  NotFoundError,
  ThrottledError,
  VersionConflictError,
} from '../shared/errors.ts';
import { payloadHash } from '../shared/platform/ids.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import type { MemoryCategories } from '../shared/schema/memory-categories.ts';
import { categoryFor, isGone } from './categories.ts';
import { type Memory, memoryIdOf, renderContent } from './memory.ts';
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
import {
  aliasTarget,
  feedKey,
  fromItem,
  type Item,
  memoryKey,
  toAliasItem,
  toItem,
  toTokenItem,
  toRevisionItem,
  replacement,
} from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

export interface Saved {
  readonly memory: Memory;
  /** `seen`: the same content was there before. */
  readonly result: 'created' | 'seen';
}

/** The embedding of a text, of unit length; undefined when there is none. */
export type Embed = (text: string) => Promise<Float32Array | undefined>;

/** Somebody else wrote in between: look again, so many times. */
const TRIES = 5;

const isNew = { ConditionExpression: 'attribute_not_exists(PK)' };

/**
 * An agent's memories. Saving a new one of up to 1 KB costs 1 read and 5 write units (2 for the memory, 1 for its
 * index, 2 for the feed, being a transaction); the same content again 1 read and 3 write units; a change 9. An
 * embedding adds 1 KB to each.
 */
export class MemoryStore {
  readonly #table: Table;
  readonly #categories: MemoryCategories;
  readonly #records: MemoryRecords;
  readonly #feed: MemoryFeed;
  readonly #embed: Embed;

  constructor(
    table: Table,
    categories: MemoryCategories,
    { records, feed, embed }: { records: MemoryRecords; feed: MemoryFeed; embed?: Embed },
  ) {
    this.#table = table;
    this.#categories = categories;
    this.#records = records;
    this.#feed = feed;
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
      const [found, known] = await this.#before(agentId, contentId, token);
      if (known) {
        const memory = await this.#records.get(agentId, String(known['memoryId']));
        if (memory)
          return {
            memory: await this.#restored(memory, request),
            result: known['result'] as Saved['result'],
          };
      }
      // Expired and not collected yet is seen again as well: it goes on, with what it was before.
      if (found) {
        const memoryId = aliasTarget(found) ?? contentId;
        const memory = await this.#see(agentId, memoryId, known ? undefined : token);
        if (memory) return { memory: await this.#restored(memory, request), result: 'seen' };
        // What it was another name of went with a night that has not come to the name yet.
        if (memoryId !== contentId)
          await deleteIf(this.#table.documents, this.#table.name, memoryKey(agentId, contentId)!, {
            sameAs: memoryId,
          });
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
      if (await this.#create(memory, known ? undefined : token)) return { memory, result: 'created' };
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
    const item = await this.#records.item(agentId, memoryId);
    const before = item && aliasTarget(item) === undefined ? fromItem(item) : undefined;
    if (!before || isGone(this.#categories, before, now)) throw new NotFoundError(`No memory ${memoryId}`);
    if (change.category !== undefined) categoryFor(this.#categories, before.memoryType, change.category);
    const after = changed(before, change);
    if (before.version !== expectedVersion) {
      // A repeat of the change that made this version comes with the version before it.
      if (before.version === expectedVersion + 1 && isSame(before, after)) return before;
      throw new VersionConflictError(before.version);
    }
    const contentId = memoryIdOf(agentId, after.memoryType, after.category, after.content);
    const aliases = (item?.['aliases'] as string[] | undefined) ?? [];
    const isOther = contentId !== memoryId && !aliases.includes(contentId);
    const vector = after.text === before.text ? before.vector : await this.#embed(after.text);
    const next: Memory = {
      ...withoutVector(after),
      version: before.version + 1,
      updatedAt: now.toISOString(),
      tier: 'hot',
      form: change.content === undefined ? before.form : 'full',
      ...(vector && { vector }),
    };
    const allAliases = isOther ? [...aliases, contentId] : aliases;
    const stored = {
      ...toItem(next),
      ...(allAliases.length > 0 && { aliases: allAliases }),
      ...(contentId !== memoryId && { contentId }),
    };
    assertItemFits(stored, 'The memory');
    const revision = toRevisionItem(before, next.updatedAt);
    assertItemFits(revision, 'The revision');
    try {
      await this.#table.documents.send(
        new TransactWriteCommand({
          TransactItems: [
            { Update: { TableName: this.#table.name, ...replacement(item!, stored) } },
            { Put: { TableName: this.#table.name, Item: revision } },
            { Put: { TableName: this.#table.name, Item: this.#feed.row(agentId, memoryId) } },
            ...(isOther
              ? [
                  {
                    Put: {
                      TableName: this.#table.name,
                      Item: toAliasItem(agentId, contentId, memoryId),
                      ...isNew,
                    },
                  },
                ]
              : []),
          ],
        }),
      );
      return next;
    } catch (error) {
      const failed = failedTransaction(error);
      if (!failed) throw error;
      if (failed[0]) throw new VersionConflictError((await this.get(agentId, memoryId)).version);
      throw new ConflictError(`Another memory says that already: ${contentId}`);
    }
  }

  /**
   * What age has shortened and is said again is whole again, its short form a revision: 1 read and 9 write units. Killed
   * before, nobody was told that it is stored, and the same request again does it. What it said before a correction
   * does not undo that.
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

  /** The row under the content's id and, with a token, what it stands for already: one strong read each. */
  async #before(
    agentId: string,
    contentId: string,
    token: Item | undefined,
  ): Promise<[found: Item | undefined, known: Item | undefined]> {
    if (!token) return [await this.#records.item(agentId, contentId), undefined];
    const rows = await getAll(this.#table.documents, this.#table.name, [
      memoryKey(agentId, contentId)!,
      feedKey(agentId, String(token[SORT_KEY])),
    ]);
    const known = rows.find((row) => row[SORT_KEY] === token[SORT_KEY]);
    if (known && known['payloadHash'] !== token['payloadHash'])
      throw new IdempotencyMismatchError('The clientToken was used with another memory');
    return [rows.find((row) => row[SORT_KEY] === contentId), known];
  }

  /** @returns whether it was stored; not when somebody else stored something there meanwhile */
  async #create(memory: Memory, token: Item | undefined): Promise<boolean> {
    const item = toItem(memory);
    assertItemFits(item, 'The memory');
    try {
      await this.#table.documents.send(
        new TransactWriteCommand({
          TransactItems: [
            { Put: { TableName: this.#table.name, Item: item, ...isNew } },
            { Put: { TableName: this.#table.name, Item: this.#feed.row(memory.agentId, memory.memoryId) } },
            ...this.#tokenPut(token, memory.memoryId, 'created'),
          ],
        }),
      );
      return true;
    } catch (error) {
      if (failedTransaction(error)) return false;
      throw error;
    }
  }

  /** @returns the memory as it is then; undefined when it is not there any more */
  async #see(agentId: string, memoryId: string, token: Item | undefined): Promise<Memory | undefined> {
    const update = {
      TableName: this.#table.name,
      Key: memoryKey(agentId, memoryId)!,
      UpdateExpression: 'ADD timesSeen :one SET lastSeenAt = :now, tier = :hot',
      ConditionExpression: 'attribute_exists(version)',
      ExpressionAttributeValues: { ':one': 1, ':now': this.#table.clock().toISOString(), ':hot': 'hot' },
    };
    const row = { TableName: this.#table.name, Item: this.#feed.row(agentId, memoryId) };
    try {
      if (token) {
        await this.#table.documents.send(
          new TransactWriteCommand({
            TransactItems: [{ Update: update }, { Put: row }, ...this.#tokenPut(token, memoryId, 'seen')],
          }),
        );
        return await this.#records.get(agentId, memoryId);
      }
      const { Attributes } = await this.#table.documents.send(
        new UpdateCommand({ ...update, ReturnValues: 'ALL_NEW' }),
      );
      // Not in a transaction: without it other instances find the memory all the same, as last seen when it was before.
      await this.#table.documents.send(new PutCommand(row));
      return fromItem(Attributes!);
    } catch (error) {
      if (failedCondition(error) ?? failedTransaction(error)) return undefined;
      throw error;
    }
  }

  #tokenPut(token: Item | undefined, memoryId: string, result: Saved['result']) {
    if (!token) return [];
    const Item = { ...token, memoryId, result, at: this.#table.clock().toISOString() };
    return [{ Put: { TableName: this.#table.name, Item, ...isNew } }];
  }
}
