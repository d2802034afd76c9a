import { entityOf } from '../shared/dynamodb/entity.ts';
import { anyOf, type Expression, hasVersion } from '../shared/dynamodb/expressions.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import { PARTITION_KEY, SORT_KEY, tables } from '../shared/schema/tables.ts';

/**
 * Sharing in `agent_memory_ltm`, the same for every kind of memory (`PATTERN`, …).
 *
 * - `sharing:{owner}#{memoryType}` / `{memoryId}`: the agents the owner shares it with; this row decides. It is a row of
 *   its own, because the nightly run rewrites the pattern's. On the `shared` index while it is shared with all.
 * - `grant:{grantee}#{memoryType}` / `{owner}#{memoryId}`: a pointer by which a grantee finds it, valid only while the
 *   row above names the grantee.
 */
export const sharedIndex = tables.memory.indexes.shared;

export const sharingPartition = (owner: string, memoryType: string): string =>
  `sharing:${owner}#${memoryType}`;

export const sharingKey = (owner: string, memoryType: string, memoryId: string) => ({
  [PARTITION_KEY]: sharingPartition(owner, memoryType),
  [SORT_KEY]: memoryId,
});

export const grantPartition = (grantee: string, memoryType: string): string =>
  `grant:${grantee}#${memoryType}`;

export const grantKey = (grantee: string, memoryType: string, owner: string, memoryId: string) => ({
  [PARTITION_KEY]: grantPartition(grantee, memoryType),
  [SORT_KEY]: `${owner}#${memoryId}`,
});

export const sharedKey = (memoryType: string): string => `shared#${memoryType}`;

/** The agents something is shared with: every agent, or these. */
export type Audience = 'all' | readonly string[];

export interface SharingRecord {
  readonly owner: string;
  readonly memoryId: string;
  readonly with: Audience;
  /** Rises with every change. */
  readonly version: number;
  readonly updatedAt: string;
  /** Agents that may have a grant row: more than `with` names while a change is in flight. */
  readonly granted: readonly string[];
  /** Its confidence when it was shared, by which agents find the best of all that is shared with all. */
  readonly confidence: number;
}

export function toSharingItem(memoryType: string, { owner, memoryId, ...rest }: SharingRecord): Item {
  return {
    ...sharingKey(owner, memoryType, memoryId),
    ...rest,
    ...(rest.with === 'all' && { [sharedIndex.partitionKey]: sharedKey(memoryType) }),
  };
}

export function fromSharingItem(item: Item): SharingRecord {
  const [owner = ''] = String(item[PARTITION_KEY]).slice('sharing:'.length).split('#');
  return {
    ...entityOf<Omit<SharingRecord, 'owner' | 'memoryId'>>(item, sharedIndex.partitionKey),
    owner,
    memoryId: String(item[SORT_KEY]),
  };
}

/** One memory of one owner. */
export interface Reference {
  readonly owner: string;
  readonly memoryId: string;
}

export function referenceOfGrant(item: Item): Reference {
  const [owner = '', memoryId = ''] = String(item[SORT_KEY]).split('#');
  return { owner, memoryId };
}

/** The grant was written by this version or an earlier one, or there is none. */
export const isGrantUpTo = (version: number): Expression =>
  anyOf(hasVersion(undefined), {
    expression: '#version <= :version',
    names: { '#version': 'version' },
    values: { ':version': version },
  });
