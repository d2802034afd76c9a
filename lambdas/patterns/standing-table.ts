import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { StandingRecord } from './standing.ts';

/**
 * How patterns of others stand with an agent, in `agent_memory_ltm`: `agent:{agentId}#memory#STANDING` /
 * `{owner}#{patternId}`. All of an agent: one query.
 */
export const standingPartition = (agentId: string): string => `agent:${agentId}#memory#STANDING`;

export const standingKey = (agentId: string, owner: string, patternId: string) => ({
  [PARTITION_KEY]: standingPartition(agentId),
  [SORT_KEY]: `${owner}#${patternId}`,
});

type Item = Record<string, unknown>;

export const toStandingItem = ({ agentId, owner, patternId, ...rest }: StandingRecord): Item => ({
  ...standingKey(agentId, owner, patternId),
  ...rest,
});

export function fromStandingItem(item: Item): StandingRecord {
  const { [PARTITION_KEY]: partition, [SORT_KEY]: sortKey, ...rest } = item;
  const [agent = ''] = String(partition).split('#');
  const [owner = '', patternId = ''] = String(sortKey).split('#');
  return {
    ...(rest as Omit<StandingRecord, 'agentId' | 'owner' | 'patternId'>),
    agentId: agent.slice('agent:'.length),
    owner,
    patternId,
  };
}
