import { changes } from '../shared/dynamodb/expressions.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { MINUTE_MS } from '../shared/platform/clock.ts';
import type { RandomPart } from '../shared/platform/ids.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import { FEED_STATE, feedKey, feedPartition, TOKEN_PREFIX } from './table.ts';

/** A reader's position in a feed. */
export interface FeedPosition {
  /** Time of its last read. */
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
 * off after 29 s, and clocks on Lambda differ by far less than a second. So every read since has seen older rows.
 */
export const OVERLAP_MS = 2 * MINUTE_MS;
/** Rows are kept this long. An instance that asked nothing for longer reads everything again. */
export const FEED_KEPT_MS = 24 * 60 * MINUTE_MS;
/** For this long the same clientToken is the same write. */
export const TOKEN_KEPT_MS = 7 * 24 * 60 * MINUTE_MS;
/** Rows taken in by one refresh. With more of them, reading everything is as cheap. */
const MAX_CHANGES = 5_000;

const before = (time: Date, milliseconds: number): string =>
  new Date(time.getTime() - milliseconds).toISOString();

/**
 * The recent changes of an agent's memories, in the same table. Read strongly consistent, they tell every instance what
 * another has just written. Its rows are part of the transaction that writes a memory, so neither is ever there without
 * the other. They cost 2 write units each, 1 outside a transaction.
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

  /** The position of a reader that is about to read everything. One strong query. */
  async begin(agentId: string): Promise<FeedPosition> {
    const readAt = this.#table.clock().toISOString();
    const { state } = await this.#rows(agentId, FEED_STATE);
    // An eventually consistent read may lack what was written in the overlap, so those rows are taken in once more.
    return { readAt, epoch: state.epoch, recent: new Set() };
  }

  /** Changes since `position`. One strong query, 1 read unit per 40 changes. */
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
   * Makes every reader read everything again, after many changes that were not put into the feed one by one. Call it
   * when they are written: after an earlier call, a reader in between would keep what it found.
   */
  async reset(agentId: string): Promise<void> {
    await this.#table.update(feedKey(agentId, FEED_STATE), changes({ add: { epoch: 1 } }));
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
      this.#between(agentId, '0', horizon),
      this.#between(agentId, TOKEN_PREFIX, `${TOKEN_PREFIX}~`),
    ]);
    if (old.length > 0)
      await this.#table.update(feedKey(agentId, FEED_STATE), changes({ set: { trimmedBefore: horizon } }));
    const expired = [...old, ...tokens.filter(({ at }) => String(at) < tokenHorizon)];
    await this.#table.deleteAll(expired.map((row) => feedKey(agentId, sortKeyOf(row))));
    return expired.length;
  }

  async #rows(
    agentId: string,
    from: string,
  ): Promise<{ rows: Item[]; state: { epoch: number; trimmedBefore: string } }> {
    const all = await this.#between(agentId, from, FEED_STATE);
    const last = all.at(-1);
    const state = last?.[SORT_KEY] === FEED_STATE ? all.pop() : undefined;
    return {
      rows: all,
      state: { epoch: Number(state?.['epoch'] ?? 0), trimmedBefore: String(state?.['trimmedBefore'] ?? '') },
    };
  }

  /** Rows with `from ≤ sort key ≤ to`, oldest first, strongly consistent. */
  #between(agentId: string, from: string, to: string): Promise<Item[]> {
    return this.#table.queryAll({ partition: feedPartition(agentId), sort: { from, to } });
  }
}

const sortKeyOf = (row: Item): string => String(row[SORT_KEY]);
