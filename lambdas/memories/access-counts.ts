import { DeleteCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { ErasedMarks } from '../shared/erased-marks.ts';
import { failedCondition } from '../shared/dynamodb/conditions.ts';
import { MINUTE_MS } from '../shared/platform/clock.ts';
import type { RandomPart } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { accessPartition, type Item, memoryKey } from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** How often an agent's counts are written at most: what is lost when the process ends is what came since. */
const FLUSH_EVERY_MS = MINUTE_MS;
/** Or so many memories of one agent: a row of 12 KB. */
const FLUSH_AT = 250;

/** What was read and searched since the last fold. */
export interface Accesses {
  /** By memory: how often it was read or found, and when last. */
  readonly memories: ReadonlyMap<string, { readonly count: number; readonly lastAt: string }>;
  readonly searches: number;
  /** Searches that found something. */
  readonly found: number;
  /** Of all searches together. */
  readonly milliseconds: number;
  /** Keys of the rows behind it. */
  readonly rows: readonly string[];
}

interface Pending {
  /** When the first of it was noted. */
  readonly since: number;
  readonly counts: Map<string, number>;
  searches: number;
  found: number;
  milliseconds: number;
}

/**
 * How often memories are read, without a write for each read: counted in the process, and written as one row an agent,
 * the first counts at once and then at the next request when a minute has passed. An agent that asks once a day, each
 * time of another instance, is counted all the same. Folded into the memories by the nightly run.
 */
export class AccessCounts {
  readonly #table: Table;
  readonly #randomPart: RandomPart;
  readonly #erased: Pick<ErasedMarks, 'readFor'>;
  readonly #pending = new Map<string, Pending>();
  /** Agents whose counts were written, or tried to be, in the last minute, and when. */
  readonly #triedAt = new Map<string, number>();

  constructor(table: Table, randomPart: RandomPart, erased: Pick<ErasedMarks, 'readFor'>) {
    this.#table = table;
    this.#randomPart = randomPart;
    this.#erased = erased;
  }

  /** @param memoryIds of this owner, read or found just now */
  note(owner: string, memoryIds: Iterable<string>): void {
    const { counts } = this.#of(owner);
    for (const id of memoryIds) counts.set(id, (counts.get(id) ?? 0) + 1);
  }

  noteSearch(agentId: string, found: boolean, milliseconds: number): void {
    const pending = this.#of(agentId);
    pending.searches++;
    if (found) pending.found++;
    pending.milliseconds += milliseconds;
  }

  /**
   * Writes what is due: of agents nothing was written of in the last minute, and of those with 250 memories noted; or
   * everything. Of an agent erased since, nothing. 1 write unit per agent and 25 memories, 1 read unit per agent.
   */
  async flush(everything = false): Promise<void> {
    const now = this.#table.clock();
    for (const [agentId, at] of this.#triedAt)
      if (now.getTime() - at >= FLUSH_EVERY_MS) this.#triedAt.delete(agentId);
    const due = [...this.#pending].filter(
      ([agentId, { counts }]) => everything || counts.size >= FLUSH_AT || !this.#triedAt.has(agentId),
    );
    if (due.length === 0) return;
    // Taken before the first wait: what another request notes or writes meanwhile is not this.
    for (const [agentId] of due) {
      this.#pending.delete(agentId);
      this.#triedAt.set(agentId, now.getTime());
    }
    const isErased = await this.#erased.readFor(due.map(([agentId]) => agentId)).catch(() => undefined);
    await Promise.all(
      due.map(async ([agentId, pending]) => {
        // No read fails for being counted: it waits for the next time.
        if (!isErased) this.#putBack(agentId, pending);
        else if (!isErased(agentId, new Date(pending.since).toISOString()))
          await this.#write(agentId, pending, now);
      }),
    );
  }

  /** What was written up to `until` and not folded yet, strongly consistent. */
  async read(agentId: string, until: Date): Promise<Accesses> {
    const memories = new Map<string, { count: number; lastAt: string }>();
    const total = { searches: 0, found: 0, milliseconds: 0 };
    const rows = await this.#rows(agentId, until);
    for (const row of rows) {
      const at = String(row[SORT_KEY]).split('#')[0]!;
      for (const [id, count] of Object.entries(row['counts'] as Record<string, number>))
        memories.set(id, { count: (memories.get(id)?.count ?? 0) + count, lastAt: at });
      for (const name of ['searches', 'found', 'milliseconds'] as const) total[name] += Number(row[name]);
    }
    return { memories, ...total, rows: rows.map((row) => String(row[SORT_KEY])) };
  }

  /**
   * Adds what was counted up to `until` to the memories' own counts and deletes the rows. The same `until` again, killed
   * anywhere, counts nothing twice. 2 write units per memory of up to 1 KB.
   */
  async fold(agentId: string, until: Date): Promise<Accesses> {
    const accesses = await this.read(agentId, until);
    for (const [memoryId, { count, lastAt }] of accesses.memories) {
      const Key = memoryKey(agentId, memoryId);
      if (Key) await this.#add(Key, count, lastAt, until.toISOString());
    }
    for (const row of accesses.rows)
      await this.#table.documents.send(
        new DeleteCommand({
          TableName: this.#table.name,
          Key: { [PARTITION_KEY]: accessPartition(agentId), [SORT_KEY]: row },
        }),
      );
    return accesses;
  }

  async #write(agentId: string, pending: Pending, now: Date): Promise<void> {
    const { since: _since, counts, ...searches } = pending;
    const unique = Buffer.from(this.#randomPart()).toString('base64url');
    try {
      await this.#table.documents.send(
        new PutCommand({
          TableName: this.#table.name,
          Item: {
            [PARTITION_KEY]: accessPartition(agentId),
            [SORT_KEY]: `${now.toISOString()}#${unique}`,
            counts: Object.fromEntries(counts),
            ...searches,
          },
        }),
      );
    } catch {
      this.#putBack(agentId, pending);
    }
  }

  #putBack(agentId: string, pending: Pending): void {
    const newer = this.#pending.get(agentId);
    this.#pending.set(agentId, pending);
    if (!newer) return;
    for (const [id, count] of newer.counts) pending.counts.set(id, (pending.counts.get(id) ?? 0) + count);
    for (const name of ['searches', 'found', 'milliseconds'] as const) pending[name] += newer[name];
  }

  async #add(Key: Item, count: number, lastAt: string, until: string): Promise<void> {
    try {
      await this.#table.documents.send(
        new UpdateCommand({
          TableName: this.#table.name,
          Key,
          UpdateExpression: 'ADD accessCount :count SET lastAccessedAt = :lastAt, accessThrough = :until',
          ConditionExpression:
            'attribute_exists(createdAt) AND (attribute_not_exists(accessThrough) OR accessThrough < :until)',
          ExpressionAttributeValues: { ':count': count, ':lastAt': lastAt, ':until': until },
        }),
      );
    } catch (error) {
      // Removed since, or folded by an earlier attempt.
      if (!failedCondition(error)) throw error;
    }
  }

  async #rows(agentId: string, until: Date): Promise<Item[]> {
    const rows: Item[] = [];
    let start: Item | undefined;
    do {
      const page = await this.#table.documents.send(
        new QueryCommand({
          TableName: this.#table.name,
          ConsistentRead: true,
          KeyConditionExpression: '#pk = :pk AND #sk <= :until',
          ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
          ExpressionAttributeValues: { ':pk': accessPartition(agentId), ':until': until.toISOString() },
          ExclusiveStartKey: start,
        }),
      );
      rows.push(...(page.Items ?? []));
      start = page.LastEvaluatedKey;
    } while (start);
    return rows;
  }

  #of(agentId: string): Pending {
    let pending = this.#pending.get(agentId);
    if (!pending) {
      pending = {
        since: this.#table.clock().getTime(),
        counts: new Map(),
        searches: 0,
        found: 0,
        milliseconds: 0,
      };
      this.#pending.set(agentId, pending);
    }
    return pending;
  }
}
