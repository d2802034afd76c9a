import { changes } from '../shared/dynamodb/expressions.ts';
import type { Key, Table } from '../shared/dynamodb/table.ts';
import type { ErasedMarks } from '../shared/erased-marks.ts';
import { MINUTE_MS } from '../shared/platform/clock.ts';
import type { RandomPart } from '../shared/platform/ids.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import { accessKey, accessPartition, isCountedBefore, memoryKey } from './table.ts';

/** Time between two writes of an agent's counts, at least. When the process ends, the counts since then are lost. */
const FLUSH_EVERY_MS = MINUTE_MS;
/** Memories of one agent that make its counts due at once: a row of 12 KB. */
const FLUSH_AT = 250;

/** Reads and searches since the last fold. */
export interface Accesses {
  /** By memory: reads and finds, and the time of the last. */
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
 * Counts how often memories are read, without a write for each read. Counts are kept in the process and written as one
 * row an agent: the first at once, later ones with the first request after a minute. So an agent that asks once a day,
 * each time of another instance, is counted too. The nightly run folds the rows into the memories.
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
   * Writes the counts that are due: of agents without a write in the last minute, and of those with 250 memories noted.
   * Counts of an agent that was erased since are dropped. 1 write unit per agent and 25 memories, 1 read unit per agent.
   * @param everything also what is not due yet
   */
  async flush(everything = false): Promise<void> {
    const now = this.#table.clock();
    for (const [agentId, at] of this.#triedAt)
      if (now.getTime() - at >= FLUSH_EVERY_MS) this.#triedAt.delete(agentId);
    const due = [...this.#pending].filter(
      ([agentId, { counts }]) => everything || counts.size >= FLUSH_AT || !this.#triedAt.has(agentId),
    );
    if (due.length === 0) return;
    // Taken before the first await, so that no other request adds to these counts or writes them too.
    for (const [agentId] of due) {
      this.#pending.delete(agentId);
      this.#triedAt.set(agentId, now.getTime());
    }
    const isErased = await this.#erased.readFor(due.map(([agentId]) => agentId)).catch(() => undefined);
    await Promise.all(
      due.map(async ([agentId, pending]) => {
        // A read must not fail because it is counted: its counts wait for the next flush.
        if (!isErased) this.#putBack(agentId, pending);
        else if (!isErased(agentId, new Date(pending.since).toISOString()))
          await this.#write(agentId, pending, now);
      }),
    );
  }

  /** Counts written up to `until` and not folded yet, strongly consistent. */
  async read(agentId: string, until: Date): Promise<Accesses> {
    const memories = new Map<string, { count: number; lastAt: string }>();
    const total = { searches: 0, found: 0, milliseconds: 0 };
    const rows = await this.#table.queryAll({
      partition: accessPartition(agentId),
      sort: { to: until.toISOString() },
    });
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
      const key = memoryKey(agentId, memoryId);
      if (key) await this.#add(key, count, lastAt, until.toISOString());
    }
    for (const row of accesses.rows) await this.#table.delete(accessKey(agentId, row));
    return accesses;
  }

  async #write(agentId: string, pending: Pending, now: Date): Promise<void> {
    const { since: _since, counts, ...searches } = pending;
    const unique = Buffer.from(this.#randomPart()).toString('base64url');
    try {
      await this.#table.put({
        ...accessKey(agentId, `${now.toISOString()}#${unique}`),
        counts: Object.fromEntries(counts),
        ...searches,
      });
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

  /** A memory that was removed since, or that an earlier attempt has folded into, is left alone. */
  async #add(key: Key, count: number, lastAt: string, until: string): Promise<void> {
    await this.#table.update(
      key,
      changes({ add: { accessCount: count }, set: { lastAccessedAt: lastAt, accessThrough: until } }),
      { condition: isCountedBefore(until) },
    );
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
