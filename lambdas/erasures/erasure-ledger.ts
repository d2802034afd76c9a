import { changes, type Expression } from '../shared/dynamodb/expressions.ts';
import type { Removal } from '../shared/dynamodb/removable-rows.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { type RandomPart, typedId } from '../shared/platform/ids.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import { type ErasureRecord, type ErasureSubject, type UserSession, zeroCounts } from './erasure.ts';
import {
  erasureKey,
  fromItem,
  isRequested,
  sessionFromItem,
  sessionKey,
  sessionsOf,
  sessionTtl,
  toItem,
} from './table.ts';

/** The record of erasures. The transaction that removes rows also counts them, so a repeat counts nothing twice. */
export class ErasureLedger {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async create(subject: ErasureSubject, randomPart: RandomPart): Promise<ErasureRecord> {
    const now = this.#table.clock();
    const record: ErasureRecord = {
      ...subject,
      erasureId: typedId('ERASURE', now, randomPart()),
      requestedAt: now.toISOString(),
      passes: 0,
      invocations: 0,
      rewritten: 0,
      removed: zeroCounts,
    };
    await this.#table.put(toItem(record));
    return record;
  }

  async get(erasureId: string): Promise<ErasureRecord | undefined> {
    const item = await this.#table.get(erasureKey(erasureId));
    return item && fromItem(item);
  }

  /** Counts an invocation of the worker. @returns the record as it is now */
  begin(erasureId: string): Promise<ErasureRecord> {
    return this.#update(erasureId, this.#addition({ invocations: 1 }));
  }

  /** Notes that a nightly run is under way. @returns the record as it is now */
  noteRun(erasureId: string): Promise<ErasureRecord> {
    const updatedAt = this.#table.clock().toISOString();
    return this.#update(erasureId, changes({ set: { updatedAt, duringRun: true } }));
  }

  /**
   * Keeps the decision types for later passes, because the profile that names them is removed.
   * @returns all types kept so far
   */
  async keepTypes(erasureId: string, types: readonly string[]): Promise<readonly string[]> {
    const record =
      types.length === 0
        ? await this.get(erasureId)
        : await this.#update(erasureId, this.#addition({ decisionTypes: new Set(types) }));
    return record?.decisionTypes ?? [];
  }

  /**
   * Keeps a user's sessions for later passes, because the rows that list them are removed.
   * @returns all sessions kept so far
   */
  async keepSessions(erasureId: string, sessions: readonly UserSession[]): Promise<UserSession[]> {
    const kept = changes({ set: { ttl: sessionTtl(this.#table.clock()) } });
    for (const session of sessions) await this.#table.update(sessionKey(erasureId, session), kept);
    const query = { ...sessionsOf(erasureId), attributes: [SORT_KEY], keepExpired: true };
    return (await this.#table.queryAll(query)).map(sessionFromItem);
  }

  /**
   * Removes rows and counts them, both or neither.
   * @returns false when a row changed since it was read: nothing was done, and the next pass finds the row again
   */
  async remove(erasureId: string, { table, actions, rows }: Removal): Promise<boolean> {
    const counts = rows > 0 ? { [table]: rows } : { rewritten: actions.length };
    const counting = this.#addition(counts, this.#foundNow());
    const failed = await this.#table.transact([
      ...actions,
      this.#table.actions.update(erasureKey(erasureId), counting, isRequested),
    ]);
    return failed === undefined;
  }

  /** Counts removed records of the archive. Objects know no transaction: a worker killed in between counts too few. */
  async countArchived(erasureId: string, records: number): Promise<void> {
    await this.#update(erasureId, this.#addition({ archive: records }, this.#foundNow()));
  }

  /** @returns the record as it is now */
  countPass(erasureId: string): Promise<ErasureRecord> {
    return this.#update(erasureId, this.#addition({ passes: 1 }));
  }

  /** @param gaveUp why the erasure ended without having removed everything */
  async end(erasureId: string, gaveUp?: string): Promise<void> {
    const now = this.#table.clock().toISOString();
    const ended = changes({ set: { updatedAt: now, finishedAt: now, gaveUp } });
    await this.#table.update(erasureKey(erasureId), ended);
  }

  #addition(add: Readonly<Record<string, unknown>>, set?: { readonly foundAt: string }): Expression {
    return changes({ set: { updatedAt: this.#table.clock().toISOString(), ...set }, add });
  }

  #foundNow() {
    return { foundAt: this.#table.clock().toISOString() };
  }

  async #update(erasureId: string, change: Expression): Promise<ErasureRecord> {
    const options = { condition: isRequested, returns: 'ALL_NEW' as const };
    const { item, failed } = await this.#table.update(erasureKey(erasureId), change, options);
    if (failed) throw new Error(`erasure ${erasureId} is gone`);
    return fromItem(item);
  }
}
