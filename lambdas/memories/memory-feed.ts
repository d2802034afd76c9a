import { BatchWriteCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { MINUTE_MS } from '../shared/platform/clock.ts';
import type { RandomPart } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { FEED_STATE, feedKey, feedPartition, type Item, TOKEN_PREFIX } from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** Where a reader of a feed has got to. */
export interface FeedPosition {
  /** The time it read at. */
  readonly readAt: string;
  /** Rises when a reader has to begin again. */
  readonly epoch: number;
  /** Rows younger than the overlap that it has taken in. */
  readonly recent: ReadonlySet<string>;
}

export interface FeedChanges {
  /** Memories written, changed or removed since; `undefined`: too much has happened, read everything again. */
  readonly memoryIds: readonly string[] | undefined;
  readonly position: FeedPosition;
}

/**
 * A row carries the time its writer began, and may become visible later than one with a later time. Functions are cut
 * off after 29 s and clocks on Lambda differ by far less than a second: what is older than this has been seen by every
 * read since.
 */
export const OVERLAP_MS = 2 * MINUTE_MS;
/** How long a row is kept: an instance that asked nothing for longer reads everything again. */
export const FEED_KEPT_MS = 24 * 60 * MINUTE_MS;
/** How long the same clientToken is the same write. */
export const TOKEN_KEPT_MS = 7 * 24 * 60 * MINUTE_MS;
/** Rows taken in by one refresh; past that reading everything is as cheap. */
const MAX_CHANGES = 5_000;
const BATCH_SIZE = 25;

const before = (time: Date, milliseconds: number): string =>
  new Date(time.getTime() - milliseconds).toISOString();

/**
 * What changed lately among an agent's memories, in the same table and read strongly consistent: how every instance
 * finds what another has just written. Its rows are part of the transaction that writes a memory, so neither is ever
 * there without the other; they cost 2 write units each, 1 outside a transaction.
 */
export class MemoryFeed {
  readonly #table: Table;
  readonly #randomPart: RandomPart;

  constructor(table: Table, randomPart: RandomPart) {
    this.#table = table;
    this.#randomPart = randomPart;
  }

  /** The row that tells of a change: to be put with the change itself. */
  row(agentId: string, memoryId: string): Item {
    const unique = Buffer.from(this.#randomPart()).toString('base64url');
    return { ...feedKey(agentId, `${this.#table.clock().toISOString()}#${unique}`), memoryId };
  }

  /** Where a reader begins that is about to read everything. One strong query. */
  async begin(agentId: string): Promise<FeedPosition> {
    const readAt = this.#table.clock().toISOString();
    const { state } = await this.#rows(agentId, FEED_STATE);
    // What was written in the overlap may be missing from an eventually consistent read: it is taken in once more.
    return { readAt, epoch: state.epoch, recent: new Set() };
  }

  /** What happened since `position`. One strong query, 1 read unit per 40 changes. */
  async since(agentId: string, position: FeedPosition): Promise<FeedChanges> {
    const now = this.#table.clock();
    const from = before(new Date(position.readAt), OVERLAP_MS);
    const { rows, state } = await this.#rows(agentId, from);
    const readAt = now.toISOString() > position.readAt ? now.toISOString() : position.readAt;
    const overlap = before(new Date(readAt), OVERLAP_MS);
    const recent = new Set(rows.map(sortKeyOf).filter((key) => key >= overlap));
    const next = { readAt, epoch: state.epoch, recent };
    const unseen = rows.filter((row) => !position.recent.has(sortKeyOf(row)));
    if (state.epoch !== position.epoch || state.trimmedBefore > from || unseen.length > MAX_CHANGES)
      return { memoryIds: undefined, position: next };
    return { memoryIds: [...new Set(unseen.map((row) => String(row['memoryId'])))], position: next };
  }

  /**
   * Makes every reader read everything again: after many changes that were not put into the feed one by one. To be
   * called when they are written; called before, a reader in between would keep what it found.
   */
  async reset(agentId: string): Promise<void> {
    await this.#table.documents.send(
      new UpdateCommand({
        TableName: this.#table.name,
        Key: feedKey(agentId, FEED_STATE),
        UpdateExpression: 'ADD epoch :one',
        ExpressionAttributeValues: { ':one': 1 },
      }),
    );
  }

  /**
   * Deletes rows older than a day and tokens older than a week, after noting how far back the feed then reaches: a
   * reader that is behind begins again. Any number of times, killed anywhere.
   * @returns rows deleted
   */
  async trim(agentId: string, now: Date): Promise<number> {
    const horizon = before(now, FEED_KEPT_MS);
    const tokenHorizon = before(now, TOKEN_KEPT_MS);
    const [old, tokens] = await Promise.all([
      this.#keys(agentId, '0', horizon),
      this.#keys(agentId, TOKEN_PREFIX, `${TOKEN_PREFIX}~`),
    ]);
    if (old.length > 0)
      await this.#table.documents.send(
        new UpdateCommand({
          TableName: this.#table.name,
          Key: feedKey(agentId, FEED_STATE),
          UpdateExpression: 'SET trimmedBefore = :horizon',
          ExpressionAttributeValues: { ':horizon': horizon },
        }),
      );
    const gone = [...old, ...tokens.filter(({ at }) => String(at) < tokenHorizon)];
    for (let start = 0; start < gone.length; start += BATCH_SIZE)
      await this.#delete(gone.slice(start, start + BATCH_SIZE));
    return gone.length;
  }

  async #delete(rows: readonly Item[]): Promise<void> {
    let pending = rows.map((row) => ({
      DeleteRequest: { Key: { [PARTITION_KEY]: row[PARTITION_KEY], [SORT_KEY]: row[SORT_KEY] } },
    }));
    while (pending.length > 0) {
      const { UnprocessedItems } = await this.#table.documents.send(
        new BatchWriteCommand({ RequestItems: { [this.#table.name]: pending } }),
      );
      pending = (UnprocessedItems?.[this.#table.name] ?? []) as typeof pending;
    }
  }

  async #rows(
    agentId: string,
    from: string,
  ): Promise<{ rows: Item[]; state: { epoch: number; trimmedBefore: string } }> {
    const all = await this.#keys(agentId, from, FEED_STATE);
    const last = all.at(-1);
    const state = last?.[SORT_KEY] === FEED_STATE ? all.pop() : undefined;
    return {
      rows: all,
      state: { epoch: Number(state?.['epoch'] ?? 0), trimmedBefore: String(state?.['trimmedBefore'] ?? '') },
    };
  }

  /** Rows with `from ≤ sort key ≤ to`, oldest first, strongly consistent. */
  async #keys(agentId: string, from: string, to: string): Promise<Item[]> {
    const rows: Item[] = [];
    let start: Item | undefined;
    do {
      const page = await this.#table.documents.send(
        new QueryCommand({
          TableName: this.#table.name,
          ConsistentRead: true,
          KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to',
          ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
          ExpressionAttributeValues: { ':pk': feedPartition(agentId), ':from': from, ':to': to },
          ExclusiveStartKey: start,
        }),
      );
      rows.push(...(page.Items ?? []));
      start = page.LastEvaluatedKey;
    } while (start);
    return rows;
  }
}

const sortKeyOf = (row: Item): string => String(row[SORT_KEY]);
