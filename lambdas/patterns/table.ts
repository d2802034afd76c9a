import { PARTITION_KEY, SORT_KEY, tables } from '../shared/schema/tables.ts';
import type { EvidenceDigest, Pattern, PatternVersion } from './pattern.ts';

/**
 * Patterns in `agent_memory_ltm`. One row per pattern under its agent, as it stands now; beside it a history
 * partition per pattern with a row per version, one row of evidence digests, and, under the id mining would give to
 * what a user stated, a row that says under which id it is stated. Nothing here has a ttl.
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

/** One statement, one stated pattern: beside the history of the id mining would give it. */
export const statementKey = (agentId: string, statementId: string) => ({
  [PARTITION_KEY]: historyPartition(agentId, statementId),
  [SORT_KEY]: 'STATED',
});

type Item = Record<string, unknown>;

/** Agent and id stand in the key and are not stored again. */
export function toItem({ agentId, patternId, ...rest }: Pattern): Item {
  return { ...patternKey(agentId, patternId), ...rest };
}

export function fromItem(item: Item): Pattern {
  const { [PARTITION_KEY]: partition, [SORT_KEY]: patternId, ...rest } = item;
  const [agent = ''] = String(partition).split('#');
  return {
    ...(rest as unknown as Pattern),
    agentId: agent.slice('agent:'.length),
    patternId: String(patternId),
  };
}

export const toVersionItem = (agentId: string, patternId: string, version: PatternVersion): Item => ({
  ...versionKey(agentId, patternId, version.version),
  ...version,
});

const withoutKeys = ({ [PARTITION_KEY]: _pk, [SORT_KEY]: _sk, ...rest }: Item): Item => rest;

export const fromVersionItem = (item: Item): PatternVersion => withoutKeys(item) as unknown as PatternVersion;

export const toEvidenceItem = (
  agentId: string,
  patternId: string,
  digests: readonly EvidenceDigest[],
): Item => ({ ...evidenceKey(agentId, patternId), digests });

export const fromEvidenceItem = (item: Item | undefined): readonly EvidenceDigest[] =>
  (item?.['digests'] as EvidenceDigest[] | undefined) ?? [];
