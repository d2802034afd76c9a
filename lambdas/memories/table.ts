import { entityOf } from '../shared/dynamodb/entity.ts';
import { allOf, type Changes, type Expression, says } from '../shared/dynamodb/expressions.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import { sha256 } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY, tables } from '../shared/schema/tables.ts';
import { type Memory, type MemoryType, renderContent, type Revision, typeOfMemory } from './memory.ts';

/**
 * Memories in `agent_memory_ltm`. Nothing here has a ttl: the nightly run removes what is gone.
 *
 * - a memory: get `agent:{agentId}#memory#{memoryType}` / `{memoryId}`; all of an agent and type: that partition; most
 *   important first: the same key on the `confidence` index, which carries the importance
 * - in the same partition, under the id its present content would have: a row that says which memory has that content
 *   since it was changed (`sameAs`), so that the content, saved again, is that memory seen again; the memory names all
 *   such ids (`aliases`) and the one of its present content (`contentId`) where that is not its own
 * - what a memory was before each change: `history#{agentId}#{memoryId}` from `v`
 * - what changed lately: `feed:{agentId}` / `{time}#{memoryId}`, and one `STATE` row that sorts after all of them
 * - writes with a clientToken: `feed:{agentId}` / `TOKEN#{hash}`
 * - reads not counted yet: `access:{agentId}` / `{time}#{random}`
 */
export const confidenceIndex = tables.memory.indexes.confidence;

export const memoryPartition = (agentId: string, memoryType: MemoryType): string =>
  `agent:${agentId}#memory#${memoryType}`;

/** The primary key of a memory; undefined when no memory can have that id. */
export function memoryKey(agentId: string, memoryId: string) {
  const memoryType = typeOfMemory(memoryId);
  return memoryType && { [PARTITION_KEY]: memoryPartition(agentId, memoryType), [SORT_KEY]: memoryId };
}

export const historyPartition = (agentId: string, memoryId: string): string =>
  `history#${agentId}#${memoryId}`;
export const VERSION_PREFIX = 'v';
const VERSION_DIGITS = 8;

export const revisionKey = (agentId: string, memoryId: string, version: number) => ({
  [PARTITION_KEY]: historyPartition(agentId, memoryId),
  [SORT_KEY]: `${VERSION_PREFIX}${String(version).padStart(VERSION_DIGITS, '0')}`,
});

/** Text is stored only where it is not what the content says anyway; agent, type and id stand in the key. */
export function toItem(memory: Memory): Item {
  const {
    agentId,
    memoryType: _type,
    memoryId,
    text,
    importance,
    tags,
    pinned,
    accessCount,
    vector,
    ...rest
  } = memory;
  return {
    ...memoryKey(agentId, memoryId),
    ...rest,
    [confidenceIndex.sortKey.name]: importance,
    ...(text !== renderContent(memory.content) && { text }),
    ...(tags.length > 0 && { tags }),
    ...(pinned && { pinned }),
    ...(accessCount > 0 && { accessCount }),
    ...(vector && { vector: vectorBytes(vector) }),
  };
}

type StoredMemory = Omit<Memory, 'memoryId' | 'agentId' | 'memoryType' | 'importance' | 'vector'>;
/** Attributes of a row that its memory does not have, or has in another form. */
const NOT_SHOWN = [confidenceIndex.sortKey.name, 'accessThrough', 'aliases', 'contentId', 'vector'] as const;

export function fromItem(item: Item): Memory {
  const memoryId = String(item[SORT_KEY]);
  const { vector } = item;
  const stored = entityOf<StoredMemory>(item, ...NOT_SHOWN);
  return {
    memoryId,
    agentId: String(item[PARTITION_KEY]).split('#')[0]!.slice('agent:'.length),
    memoryType: typeOfMemory(memoryId)!,
    ...stored,
    text: stored.text ?? renderContent(stored.content),
    tags: stored.tags ?? [],
    importance: Number(item[confidenceIndex.sortKey.name]),
    pinned: stored.pinned ?? false,
    accessCount: stored.accessCount ?? 0,
    ...(vector instanceof Uint8Array && { vector: vectorFrom(vector) }),
  };
}

/** 32-bit floats, little endian as every Lambda is: 1 KB for 256 dimensions. */
export const vectorBytes = (vector: Float32Array): Uint8Array =>
  new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);

/** A copy: the bytes of an answer begin anywhere in its buffer. */
const vectorFrom = (bytes: Uint8Array): Float32Array => new Float32Array(Uint8Array.from(bytes).buffer);

/** Another row of the partition says which memory now has the content of its id. */
export const aliasTarget = (item: Item): string | undefined => item['sameAs'] as string | undefined;

/** Other ids under which the content of this row's memory is found. */
export const aliasesOf = (item: Item | undefined): readonly string[] =>
  (item?.['aliases'] as string[] | undefined) ?? [];

export const toAliasItem = (agentId: string, contentId: string, memoryId: string): Item => ({
  ...memoryKey(agentId, contentId),
  sameAs: memoryId,
});

/** Nested, so that no attribute of it is taken for an index key. */
export const toRevisionItem = (before: Memory, replacedAt: string): Item => ({
  ...revisionKey(before.agentId, before.memoryId, before.version),
  replacedAt,
  memory: revisedPart(before),
});

/** Text as in `toItem`; whose it is and its type stand in the key and the id. */
const revisedPart = ({
  vector: _vector,
  text,
  agentId: _agent,
  memoryType: _type,
  ...rest
}: Memory): Item => ({
  ...rest,
  ...(text !== renderContent(rest.content) && { text }),
});

export const fromRevisionItem = (item: Item): Revision => {
  const stored = item['memory'] as Omit<Memory, 'agentId' | 'memoryType' | 'text'> & Partial<Memory>;
  const memory: Memory = {
    ...stored,
    agentId: String(item[PARTITION_KEY]).split('#')[1]!,
    memoryType: typeOfMemory(stored.memoryId)!,
    text: stored.text ?? renderContent(stored.content),
  };
  return { version: memory.version, memory, replacedAt: String(item['replacedAt']) };
};

export const feedPartition = (agentId: string): string => `feed:${agentId}`;
/** Sorts after every time, so one query from a time on reads it as well. */
export const FEED_STATE = 'STATE';
export const TOKEN_PREFIX = 'TOKEN#';

export const feedKey = (agentId: string, sortKey: string) => ({
  [PARTITION_KEY]: feedPartition(agentId),
  [SORT_KEY]: sortKey,
});

/** The request that a clientToken stands for: a hash of the token, which may hold anything. */
export const toTokenItem = (agentId: string, clientToken: string, payloadHash: string): Item => ({
  ...feedKey(agentId, `${TOKEN_PREFIX}${sha256(clientToken).slice(0, 32)}`),
  payloadHash,
});

/** Counted while a change is under way: a change leaves them alone. */
const COUNTED: ReadonlySet<string> = new Set([
  PARTITION_KEY,
  SORT_KEY,
  'createdAt',
  'lastSeenAt',
  'timesSeen',
  'accessCount',
  'lastAccessedAt',
  'accessThrough',
]);

/** The changes that make `after` of the row `before`. */
export const replacement = (before: Item, after: Item): Changes => ({
  set: Object.fromEntries(Object.entries(after).filter(([name]) => !COUNTED.has(name))),
  remove: Object.keys(before).filter((name) => !COUNTED.has(name) && !(name in after)),
});

/** There is a memory under the key: neither nothing nor another name of one. */
export const isMemoryThere: Expression = {
  expression: 'attribute_exists(#version)',
  names: { '#version': 'version' },
};

/** The memory was neither changed (its version) nor seen again since it was read. */
export const isUnchanged = ({ version, timesSeen, lastSeenAt }: Memory): Expression =>
  says({ version, timesSeen, lastSeenAt });

/** There is a memory, and nothing was added to its reads that is of this time or later. */
export const isCountedBefore = (time: string): Expression =>
  allOf(
    { expression: 'attribute_exists(#createdAt)', names: { '#createdAt': 'createdAt' } },
    {
      expression: 'attribute_not_exists(#accessThrough) OR #accessThrough < :counted',
      names: { '#accessThrough': 'accessThrough' },
      values: { ':counted': time },
    },
  );

export const accessPartition = (agentId: string): string => `access:${agentId}`;

export const accessKey = (agentId: string, sortKey: string) => ({
  [PARTITION_KEY]: accessPartition(agentId),
  [SORT_KEY]: sortKey,
});
