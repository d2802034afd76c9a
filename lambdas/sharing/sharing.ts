import { DeleteCommand, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { failedCondition } from '../shared/dynamodb/conditions.ts';
import { queryPartition } from '../shared/dynamodb/query-all.ts';
import { VersionConflictError } from '../shared/errors.ts';
import { PARTITION_KEY } from '../shared/schema/tables.ts';
import {
  type Audience,
  fromSharingItem,
  grantKey,
  grantPartition,
  type Reference,
  referenceOfGrant,
  sharedIndex,
  sharedKey,
  sharingKey,
  sharingPartition,
  type SharingRecord,
  toSharingItem,
} from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

export type { Audience, Reference, SharingRecord };

/** What an agent is looked up to be offered by others, each way (by name, with all). */
export const MAX_SHARED = 500;
/** Grant rows written at a time. */
const GRANTS_AT_A_TIME = 20;
/** Two changes at the same time without `expectedVersion`: the later one is done on top of the earlier. */
const TRIES = 5;

/** Whether the owner shares it with this agent. */
export const isSharedWith = (record: Pick<SharingRecord, 'with'>, agentId: string): boolean =>
  record.with === 'all' || record.with.includes(agentId);

/**
 * Who shares what with whom, for one kind of memory. The owner's row decides and is written first; grants are
 * pointers to it. Killed in between, a grantee that was just named does not find it until the same change is sent
 * again (nobody was told it had been made); one that is no longer named does not see it from the first write on.
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
    const { Item } = await this.#table.documents.send(
      new GetCommand({
        TableName: this.#table.name,
        Key: sharingKey(owner, this.#memoryType, memoryId),
        ConsistentRead: true,
      }),
    );
    return Item && fromSharingItem(Item);
  }

  /** Of several at once, those that are shared or were: strongly consistent, 1 read unit each. */
  async getMany(references: readonly Reference[]): Promise<SharingRecord[]> {
    const keys = references.map(({ owner, memoryId }) => sharingKey(owner, this.#memoryType, memoryId));
    return (await getAll(this.#table.documents, this.#table.name, keys)).map(fromSharingItem);
  }

  /**
   * Shares it with exactly these from now on. The same again changes no version, and writes what an earlier attempt
   * may have left unwritten.
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
      if (!same && !(await this.#save(record, before))) {
        if (tries < TRIES) continue;
        throw new VersionConflictError(current);
      }
      await this.#grant(record, names);
      const settled = { ...record, granted: names };
      // Refused when somebody changed it since: then the grants are that change's to settle.
      if (JSON.stringify(record.granted) !== JSON.stringify(names)) await this.#save(settled, record);
      return settled;
    }
  }

  /**
   * What others share with this agent: by name (strongly consistent) and with all (from an index: eventual, best
   * first), at most `MAX_SHARED` each.
   */
  async sharedWith(agentId: string): Promise<SharingRecord[]> {
    const [grants, withAll] = await Promise.all([this.#grants(agentId), this.#withAll()]);
    const named = (await this.getMany(grants)).filter((record) => isSharedWith(record, agentId));
    const nameOf = ({ owner, memoryId }: Reference): string => `${owner}#${memoryId}`;
    const seen = new Set(named.map(nameOf));
    return [...named, ...withAll.filter((record) => record.owner !== agentId && !seen.has(nameOf(record)))];
  }

  /** What an owner shares, or has shared: strongly consistent. */
  async ofOwner(owner: string): Promise<SharingRecord[]> {
    const partition = sharingPartition(owner, this.#memoryType);
    return (await queryPartition(this.#table.documents, this.#table.name, partition)).map(fromSharingItem);
  }

  async #save(record: SharingRecord, before: SharingRecord | undefined): Promise<boolean> {
    try {
      await this.#table.documents.send(
        new PutCommand({
          TableName: this.#table.name,
          Item: toSharingItem(this.#memoryType, record),
          ConditionExpression: before ? '#version = :version' : 'attribute_not_exists(#version)',
          ExpressionAttributeNames: { '#version': 'version' },
          ...(before && { ExpressionAttributeValues: { ':version': before.version } }),
        }),
      );
      return true;
    } catch (error) {
      if (failedCondition(error)) return false;
      throw error;
    }
  }

  /** Grant rows carry the version that wrote them, so an earlier change that is late undoes nothing of a later one. */
  async #grant(
    { owner, memoryId, granted, version }: SharingRecord,
    names: readonly string[],
  ): Promise<void> {
    const wanted = new Set(names);
    const agents = [...new Set([...granted, ...names])];
    for (let start = 0; start < agents.length; start += GRANTS_AT_A_TIME)
      await Promise.all(
        agents.slice(start, start + GRANTS_AT_A_TIME).map(async (agentId) => {
          const Key = grantKey(agentId, this.#memoryType, owner, memoryId);
          const condition = {
            TableName: this.#table.name,
            ConditionExpression: 'attribute_not_exists(#version) OR #version <= :version',
            ExpressionAttributeNames: { '#version': 'version' },
            ExpressionAttributeValues: { ':version': version },
          };
          try {
            if (wanted.has(agentId))
              await this.#table.documents.send(new PutCommand({ ...condition, Item: { ...Key, version } }));
            else await this.#table.documents.send(new DeleteCommand({ ...condition, Key }));
          } catch (error) {
            if (!failedCondition(error)) throw error;
          }
        }),
      );
  }

  async #grants(agentId: string): Promise<Reference[]> {
    const { Items } = await this.#table.documents.send(
      new QueryCommand({
        TableName: this.#table.name,
        ConsistentRead: true,
        Limit: MAX_SHARED,
        KeyConditionExpression: '#pk = :pk',
        ExpressionAttributeNames: { '#pk': PARTITION_KEY },
        ExpressionAttributeValues: { ':pk': grantPartition(agentId, this.#memoryType) },
      }),
    );
    return (Items ?? []).map(referenceOfGrant);
  }

  async #withAll(): Promise<SharingRecord[]> {
    const { Items } = await this.#table.documents.send(
      new QueryCommand({
        TableName: this.#table.name,
        IndexName: sharedIndex.name,
        ScanIndexForward: false,
        Limit: MAX_SHARED,
        KeyConditionExpression: '#key = :key',
        ExpressionAttributeNames: { '#key': sharedIndex.partitionKey },
        ExpressionAttributeValues: { ':key': sharedKey(this.#memoryType) },
      }),
    );
    return (Items ?? []).map(fromSharingItem);
  }
}
