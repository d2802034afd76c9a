import { entityOf } from '../../shared/dynamodb/entity.ts';
import type { Item } from '../../shared/dynamodb/table.ts';
import { PARTITION_KEY, SORT_KEY } from '../../shared/schema/tables.ts';
import type { NightlyStatistics } from './statistics.ts';

/**
 * The statistics of an agent's memories in `agent_memory_ltm`: one row, `stats:{agentId}` / `MEMORIES`, kept by the
 * nightly run. They are read without reading the memories.
 */
export const statisticsPartition = (agentId: string): string => `stats:${agentId}`;

export const statisticsKey = (agentId: string) => ({
  [PARTITION_KEY]: statisticsPartition(agentId),
  [SORT_KEY]: 'MEMORIES',
});

export const toStatisticsItem = (agentId: string, statistics: NightlyStatistics): Item => ({
  ...statisticsKey(agentId),
  ...statistics,
});

export const fromStatisticsItem = (item: Item): NightlyStatistics => entityOf<NightlyStatistics>(item);
