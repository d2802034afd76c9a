import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { PortfolioDefinitions, PortfolioFigures } from './portfolio.ts';
import type { PeriodKind } from './snapshot-period.ts';

export interface Snapshot extends PortfolioFigures {
  readonly snapshotId: string;
  readonly agentId: string;
  readonly period: PeriodKind;
  readonly from: string;
  readonly to: string;
  readonly complete: boolean;
  readonly computedAt: string;
  /** Decisions that closed in the period and have a pnl. */
  readonly trades: number;
  readonly closed: number;
  readonly wins: number;
  readonly winRate: number | null;
  readonly winRateInterval: readonly [number, number] | null;
  readonly profitFactor: number | null;
  readonly expectancy: number | null;
  readonly definitions: PortfolioDefinitions & { readonly since: string };
  readonly uncountedDays: number;
}

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
