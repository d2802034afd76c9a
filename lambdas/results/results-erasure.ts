import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { groupings } from './grouping.ts';
import { snapshotPartition } from './snapshots/snapshot-table.ts';
import { rollupPartition } from './table.ts';

/** Removes an agent's rollups and snapshots. */
export class ResultsErasure {
  readonly #rows: RemovableRows;

  constructor(table: Table) {
    this.#rows = new RemovableRows(table, 'memory');
  }

  async *ofAgent(agentId: string): AsyncGenerator<Removal> {
    for (const grouping of groupings) yield* this.#rows.ofPartition(rollupPartition(agentId, grouping));
    yield* this.#rows.ofPartition(snapshotPartition(agentId));
  }
}
