import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import { groupings } from './grouping.ts';
import { snapshotPartition } from './snapshot-table.ts';
import { rollupPartition } from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** What an agent's decisions earned, and its snapshots, as an erasure removes them. */
export class PerformanceErasure {
  readonly #rows: RemovableRows;

  constructor(table: Table) {
    this.#rows = new RemovableRows(table.documents, 'memory', table.name);
  }

  async *ofAgent(agentId: string): AsyncGenerator<Removal> {
    for (const grouping of groupings) yield* this.#rows.ofPartition(rollupPartition(agentId, grouping));
    yield* this.#rows.ofPartition(snapshotPartition(agentId));
  }
}
