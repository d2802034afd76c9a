import { PARTITION_KEY, SORT_KEY, tables } from '../shared/schema/tables.ts';

/**
 * Sharing in `agent_memory_ltm`, the same for every kind of memory (`PATTERN`, …).
 *
 * - `sharing:{owner}#{memoryType}` / `{memoryId}`: with whom the owner shares it: what counts. A row of its own, because
 *   the nightly run rewrites the pattern's. On the `shared` index while it is shared with all.
 * - `grant:{grantee}#{memoryType}` / `{owner}#{memoryId}`: how a grantee finds it. A pointer, and believed only while
 *   the row above names the grantee.
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

/** Whom something is shared with: every agent, or these. */
export type Audience = 'all' | readonly string[];

export interface SharingRecord {
  readonly owner: string;
  readonly memoryId: string;
  readonly with: Audience;
  /** Rises with every change. */
  readonly version: number;
  readonly updatedAt: string;
  /** Agents a grant row may exist of, more than `with` names while a change is under way. */
  readonly granted: readonly string[];
  /** Its confidence when it was shared: what is shared with all is found best first. */
  readonly confidence: number;
}

export type Item = Record<string, unknown>;

export function toSharingItem(memoryType: string, { owner, memoryId, ...rest }: SharingRecord): Item {
  return {
    ...sharingKey(owner, memoryType, memoryId),
    ...rest,
    ...(rest.with === 'all' && { [sharedIndex.partitionKey]: sharedKey(memoryType) }),
  };
}

export function fromSharingItem(item: Item): SharingRecord {
  const { [PARTITION_KEY]: partition, [SORT_KEY]: memoryId, [sharedIndex.partitionKey]: _, ...rest } = item;
  const [owner = ''] = String(partition).slice('sharing:'.length).split('#');
  return { ...(rest as Omit<SharingRecord, 'owner' | 'memoryId'>), owner, memoryId: String(memoryId) };
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
