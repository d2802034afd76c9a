import { changes, hasVersion, isAbsent, says } from '../shared/dynamodb/expressions.ts';
import { assertItemFits } from '../shared/dynamodb/item-size.ts';
import type { Item, Table, TransactAction } from '../shared/dynamodb/table.ts';
import { IdempotencyMismatchError } from '../shared/errors.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import { contentIdOf, type Memory } from './memory.ts';
import type { MemoryFeed } from './memory-feed.ts';
import type { MemoryRecords } from './memory-records.ts';
import {
  aliasesOf,
  feedKey,
  fromItem,
  isMemoryThere,
  memoryKey,
  replacement,
  toAliasItem,
  toItem,
  toRevisionItem,
} from './table.ts';

/** `seen`: the same content was there before. */
export type SaveResult = 'created' | 'seen';

/** The rows that a save finds before it writes. */
export interface Stored {
  /** The row under the content's id. */
  readonly row: Item | undefined;
  /** The result of an earlier request with the same token. */
  readonly earlier: { readonly memoryId: string; readonly result: SaveResult } | undefined;
}

/** The writes of `MemoryStore`, each with the row of the feed that tells other instances of it. */
export class MemoryWrites {
  readonly #table: Table;
  readonly #records: MemoryRecords;
  readonly #feed: MemoryFeed;

  constructor(table: Table, records: MemoryRecords, feed: MemoryFeed) {
    this.#table = table;
    this.#records = records;
    this.#feed = feed;
  }

  /**
   * One strong read, two with a token.
   * @throws IdempotencyMismatchError when the token came with another request
   */
  async stored(agentId: string, contentId: string, token: Item | undefined): Promise<Stored> {
    if (!token) return { row: await this.#records.item(agentId, contentId), earlier: undefined };
    const rows = await this.#table.getAll([
      memoryKey(agentId, contentId)!,
      feedKey(agentId, String(token[SORT_KEY])),
    ]);
    const known = rows.find((row) => row[SORT_KEY] === token[SORT_KEY]);
    if (known && known['payloadHash'] !== token['payloadHash'])
      throw new IdempotencyMismatchError('The clientToken was used with another memory');
    return {
      row: rows.find((row) => row[SORT_KEY] === contentId),
      earlier: known && {
        memoryId: String(known['memoryId']),
        result: known['result'] as SaveResult,
      },
    };
  }

  /** @returns whether it was stored; not when somebody else stored something there meanwhile */
  async create(memory: Memory, token: Item | undefined): Promise<boolean> {
    const { agentId, memoryId } = memory;
    const item = toItem(memory);
    assertItemFits(item, 'The memory');
    const { actions } = this.#table;
    const failed = await this.#table.transact([
      actions.put(item, isAbsent),
      actions.put(this.#feed.row(agentId, memoryId)),
      ...this.#tokenPut(token, memoryId, 'created'),
    ]);
    return !failed;
  }

  /** @returns the memory as it is then; undefined when it is not there any more */
  async see(agentId: string, memoryId: string, token: Item | undefined): Promise<Memory | undefined> {
    const key = memoryKey(agentId, memoryId)!;
    const lastSeenAt = this.#table.clock().toISOString();
    const change = changes({ add: { timesSeen: 1 }, set: { lastSeenAt, tier: 'hot' } });
    const row = this.#feed.row(agentId, memoryId);
    if (token) {
      const { actions } = this.#table;
      const failed = await this.#table.transact([
        actions.update(key, change, isMemoryThere),
        actions.put(row),
        ...this.#tokenPut(token, memoryId, 'seen'),
      ]);
      return failed ? undefined : this.#records.get(agentId, memoryId);
    }
    const { item, failed } = await this.#table.update(key, change, {
      condition: isMemoryThere,
      returns: 'ALL_NEW',
    });
    if (failed) return undefined;
    // Not in a transaction: without this row other instances still find the memory, with an older `lastSeenAt`.
    await this.#table.put(row);
    return fromItem(item);
  }

  /**
   * Puts a changed memory in the place of its row, and keeps what it was as a revision.
   * @returns undefined when that is done; else what was in the way: a newer version, or another memory with the content
   */
  async replace(row: Item, before: Memory, after: Memory): Promise<'version' | 'content' | undefined> {
    const { agentId, memoryId } = after;
    const contentId = contentIdOf(after);
    const known = aliasesOf(row);
    const isNewName = contentId !== memoryId && !known.includes(contentId);
    const aliases = isNewName ? [...known, contentId] : known;
    const stored = {
      ...toItem(after),
      ...(aliases.length > 0 && { aliases }),
      ...(contentId !== memoryId && { contentId }),
    };
    assertItemFits(stored, 'The memory');
    const revision = toRevisionItem(before, after.updatedAt);
    assertItemFits(revision, 'The revision');
    const { actions } = this.#table;
    const failed = await this.#table.transact([
      actions.update(
        memoryKey(agentId, memoryId)!,
        changes(replacement(row, stored)),
        hasVersion(before.version),
      ),
      actions.put(revision),
      actions.put(this.#feed.row(agentId, memoryId)),
      ...(isNewName ? [actions.put(toAliasItem(agentId, contentId, memoryId), isAbsent)] : []),
    ]);
    if (!failed) return undefined;
    return failed[0] ? 'version' : 'content';
  }

  /** Deletes a row that only says that its content is this memory's. */
  async removeAlias(agentId: string, contentId: string, memoryId: string): Promise<void> {
    await this.#table.deleteIf(memoryKey(agentId, contentId)!, says({ sameAs: memoryId }));
  }

  #tokenPut(token: Item | undefined, memoryId: string, result: SaveResult): TransactAction[] {
    if (!token) return [];
    const at = this.#table.clock().toISOString();
    return [this.#table.actions.put({ ...token, memoryId, result, at }, isAbsent)];
  }
}
