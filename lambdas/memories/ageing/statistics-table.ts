import { PARTITION_KEY, SORT_KEY } from '../../shared/schema/tables.ts';
import type { Item } from '../table.ts';
import type { MemoryStatistics } from './statistics.ts';

/**
 * What is known of an agent's memories without reading them, in `agent_memory_ltm`: one row, `stats:{agentId}` /
 * `MEMORIES`, kept by the nightly run.
 */
export const statisticsPartition = (agentId: string): string => `stats:${agentId}`;

export const statisticsKey = (agentId: string) => ({
  [PARTITION_KEY]: statisticsPartition(agentId),
  [SORT_KEY]: 'MEMORIES',
});

export const toStatisticsItem = (agentId: string, statistics: MemoryStatistics): Item => ({
  ...statisticsKey(agentId),
  ...statistics,
});

export function fromStatisticsItem(item: Item): MemoryStatistics {
  const { [PARTITION_KEY]: _pk, [SORT_KEY]: _sk, ...statistics } = item;
  return statistics as unknown as MemoryStatistics;
}
