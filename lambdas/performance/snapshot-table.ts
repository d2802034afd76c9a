import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { Snapshot } from './snapshots.ts';

/** Snapshots in `agent_memory_ltm`: `performance:{agentId}#snapshot` / `{first day}#{period}#{definitions}`. */
export const snapshotPartition = (agentId: string): string => `performance:${agentId}#snapshot`;

type Item = Record<string, unknown>;

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

export function fromSnapshotItem(item: Item): Snapshot {
  const { [PARTITION_KEY]: _pk, [SORT_KEY]: _sk, ...snapshot } = item;
  return snapshot as unknown as Snapshot;
}
