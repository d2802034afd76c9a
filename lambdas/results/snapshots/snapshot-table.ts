import { entityOf } from '../../shared/dynamodb/entity.ts';
import type { Item } from '../../shared/dynamodb/table.ts';
import { PARTITION_KEY, SORT_KEY } from '../../shared/schema/tables.ts';
import type { Snapshot } from './snapshot-contract.ts';

/** Snapshots in `agent_memory_ltm`: `performance:{agentId}#snapshot` / `{first day}#{period}#{definitions}`. */
export const snapshotPartition = (agentId: string): string => `performance:${agentId}#snapshot`;

export const toSnapshotItem = (snapshot: Snapshot): Item => ({
  [PARTITION_KEY]: snapshotPartition(snapshot.agentId),
  [SORT_KEY]: snapshotSortKey(snapshot),
  ...snapshot,
});

/** The same period under the same definitions is the same snapshot, made again. */
export const snapshotSortKey = ({
  from,
  period,
  snapshotId,
}: Pick<Snapshot, 'from' | 'period' | 'snapshotId'>) => `${from}#${period}#${snapshotId}`;

export const fromSnapshotItem = (item: Item): Snapshot => entityOf<Snapshot>(item);
