import type { Table } from '../shared/dynamodb/table.ts';
import { VersionConflictError } from '../shared/errors.ts';
import {
  type Audience,
  fromSharingItem,
  grantKey,
  grantPartition,
  isGrantUpTo,
  type Reference,
  referenceOfGrant,
  sharedIndex,
  sharedKey,
  sharingKey,
  sharingPartition,
  type SharingRecord,
  toSharingItem,
} from './table.ts';

export type { Audience, Reference, SharingRecord };

/** The most an agent is offered by others, each way: by name, and with all. */
export const MAX_SHARED = 500;
/** Grant rows written at a time. */
const GRANTS_AT_A_TIME = 20;
/** Tries of a change without `expectedVersion`: of two at the same time, the later one is done on top of the other. */
const TRIES = 5;

/** True when the owner shares it with this agent. */
export const isSharedWith = (record: Pick<SharingRecord, 'with'>, agentId: string): boolean =>
  record.with === 'all' || record.with.includes(agentId);

/**
 * Sharing of one kind of memory. The owner's row decides and is written first; grants are pointers to it. When a change
 * is killed in between, a grantee just named does not find the memory until the same change is sent again; the change
 * was never acknowledged. One that is no longer named does not see it from the first write on.
 *
 * A change costs 1 write unit (2 while shared with all), 1 for each grant added or taken away, and 1 to note that all
 * grants are written.
 */
export class Sharing {
  readonly #table: Table;
  readonly #memoryType: string;

  constructor(table: Table, memoryType: string) {
    this.#table = table;
    this.#memoryType = memoryType;
  }

  /** Strongly consistent; undefined when it never was shared. */
  async get(owner: string, memoryId: string): Promise<SharingRecord | undefined> {
    const item = await this.#table.get(sharingKey(owner, this.#memoryType, memoryId));
    return item && fromSharingItem(item);
  }

  /** Those of several that are shared or were: strongly consistent, 1 read unit each. */
  async getMany(references: readonly Reference[]): Promise<SharingRecord[]> {
    const keys = references.map(({ owner, memoryId }) => sharingKey(owner, this.#memoryType, memoryId));
    return (await this.#table.getAll(keys)).map(fromSharingItem);
  }

  /**
   * Shares it with exactly these from now on. The same again changes no version, and writes the grants that an earlier
   * attempt may have left out.
   * @param expectedVersion 0: it never was shared
   * @throws VersionConflictError
   */
  async put(
    { owner, memoryId }: Reference,
    audience: Audience,
    confidence: number,
    expectedVersion?: number,
  ): Promise<SharingRecord> {
    const wanted = audience === 'all' ? audience : [...new Set(audience)].sort();
    const names = wanted === 'all' ? [] : wanted;
    for (let tries = 1; ; tries++) {
      const before = await this.get(owner, memoryId);
      const same = before !== undefined && JSON.stringify(before.with) === JSON.stringify(wanted);
      const current = before?.version ?? 0;
      // A repeat of the change that made this version comes with the version before it.
      if (expectedVersion !== undefined && expectedVersion !== current)
        if (!same || expectedVersion !== current - 1) throw new VersionConflictError(current);
      const record: SharingRecord = same
        ? before
        : {
            owner,
            memoryId,
            with: wanted,
            version: current + 1,
            updatedAt: this.#table.clock().toISOString(),
            granted: [...new Set([...(before?.granted ?? []), ...names])].sort(),
            confidence,
          };
      if (!same && (await this.#save(record, before))) {
        if (tries < TRIES) continue;
        throw new VersionConflictError(current);
      }
      await this.#grant(record, names);
      const settled = { ...record, granted: names };
      // Fails when it was changed since: then that change settles the grants.
      if (JSON.stringify(record.granted) !== JSON.stringify(names)) await this.#save(settled, record);
      return settled;
    }
  }

  /**
   * The memories others share with this agent: by name (strongly consistent) and with all (from an index: eventual,
   * best first), at most `MAX_SHARED` each.
   */
  async sharedWith(agentId: string): Promise<SharingRecord[]> {
    const [grants, withAll] = await Promise.all([this.#grants(agentId), this.#withAll()]);
    const named = (await this.getMany(grants)).filter((record) => isSharedWith(record, agentId));
    const nameOf = ({ owner, memoryId }: Reference): string => `${owner}#${memoryId}`;
    const seen = new Set(named.map(nameOf));
    return [...named, ...withAll.filter((record) => record.owner !== agentId && !seen.has(nameOf(record)))];
  }

  /** All that an owner shares, or has shared: strongly consistent. */
  async ofOwner(owner: string): Promise<SharingRecord[]> {
    const partition = sharingPartition(owner, this.#memoryType);
    return (await this.#table.queryAll({ partition })).map(fromSharingItem);
  }

  /** @returns what is there, when it was changed meanwhile */
  #save(record: SharingRecord, before: SharingRecord | undefined) {
    return this.#table.putIfVersion(toSharingItem(this.#memoryType, record), before?.version);
  }

  /** Grant rows carry the version that wrote them, so an earlier change that is late undoes nothing of a later one. */
  async #grant(
    { owner, memoryId, granted, version }: SharingRecord,
    names: readonly string[],
  ): Promise<void> {
    const wanted = new Set(names);
    const agents = [...new Set([...granted, ...names])];
    const condition = isGrantUpTo(version);
    for (let start = 0; start < agents.length; start += GRANTS_AT_A_TIME)
      await Promise.all(
        agents.slice(start, start + GRANTS_AT_A_TIME).map((agentId) => {
          const key = grantKey(agentId, this.#memoryType, owner, memoryId);
          return wanted.has(agentId)
            ? this.#table.putIf({ ...key, version }, condition)
            : this.#table.deleteIf(key, condition);
        }),
      );
  }

  async #grants(agentId: string): Promise<Reference[]> {
    const partition = grantPartition(agentId, this.#memoryType);
    return (await this.#table.query({ partition, limit: MAX_SHARED })).items.map(referenceOfGrant);
  }

  async #withAll(): Promise<SharingRecord[]> {
    const { items } = await this.#table.query({
      partition: sharedKey(this.#memoryType),
      index: sharedIndex,
      descending: true,
      limit: MAX_SHARED,
    });
    return items.map(fromSharingItem);
  }
}
