import { entityOf } from '../shared/dynamodb/entity.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import { PARTITION_KEY, SORT_KEY, tables } from '../shared/schema/tables.ts';
import type { EvidenceDigest, Pattern, PatternVersion } from './pattern.ts';

/**
 * Patterns in `agent_memory_ltm`. Each pattern has one row under its agent, in its current state. Its history partition
 * holds a row for each version and one row of evidence digests. A statement of a user has one more row. It lies under the
 * id that mining would give the statement, and names the id under which the user stated it. Nothing here has a ttl.
 *
 * - patterns of an agent: query `agent:{agentId}#memory#PATTERN`; best first: the same key on the confidence index
 * - one pattern: get; its versions: query `history#{agentId}#{patternId}` from `v`; its digests: get `EVIDENCE`
 */
export const confidenceIndex = tables.memory.indexes.confidence;

export const patternPartition = (agentId: string): string => `agent:${agentId}#memory#PATTERN`;

export const patternKey = (agentId: string, patternId: string) => ({
  [PARTITION_KEY]: patternPartition(agentId),
  [SORT_KEY]: patternId,
});

export const historyPartition = (agentId: string, patternId: string): string =>
  `history#${agentId}#${patternId}`;

export const VERSION_PREFIX = 'v';
const VERSION_DIGITS = 8;

export const versionKey = (agentId: string, patternId: string, version: number) => ({
  [PARTITION_KEY]: historyPartition(agentId, patternId),
  [SORT_KEY]: `${VERSION_PREFIX}${String(version).padStart(VERSION_DIGITS, '0')}`,
});

export const evidenceKey = (agentId: string, patternId: string) => ({
  [PARTITION_KEY]: historyPartition(agentId, patternId),
  [SORT_KEY]: 'EVIDENCE',
});

/** Reserves a statement: it lies beside the history of the id that mining would give it. */
export const statementKey = (agentId: string, statementId: string) => ({
  [PARTITION_KEY]: historyPartition(agentId, statementId),
  [SORT_KEY]: 'STATED',
});

/** Agent and id are in the key and are not stored again. */
export function toItem({ agentId, patternId, ...rest }: Pattern): Item {
  return { ...patternKey(agentId, patternId), ...rest };
}

export function fromItem(item: Item): Pattern {
  const [agent = ''] = String(item[PARTITION_KEY]).split('#');
  return {
    ...entityOf<Omit<Pattern, 'agentId' | 'patternId'>>(item),
    agentId: agent.slice('agent:'.length),
    patternId: String(item[SORT_KEY]),
  };
}

export const toVersionItem = (agentId: string, patternId: string, version: PatternVersion): Item => ({
  ...versionKey(agentId, patternId, version.version),
  ...version,
});

export const fromVersionItem = (item: Item): PatternVersion => entityOf(item);

export const toEvidenceItem = (
  agentId: string,
  patternId: string,
  digests: readonly EvidenceDigest[],
): Item => ({ ...evidenceKey(agentId, patternId), digests });

export const fromEvidenceItem = (item: Item): readonly EvidenceDigest[] =>
  entityOf<{ readonly digests?: readonly EvidenceDigest[] }>(item).digests ?? [];
