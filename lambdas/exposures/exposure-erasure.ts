import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { exposurePartition } from './table.ts';

/** Removes the exposures of an agent. */
export class ExposureErasure {
  readonly #rows: RemovableRows;

  constructor(table: Table) {
    this.#rows = new RemovableRows(table, 'state');
  }

  ofAgent(agentId: string): AsyncGenerator<Removal> {
    return this.#rows.ofPartition(exposurePartition(agentId));
  }
}
