import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import { exposurePartition } from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** What an agent was shown, removed. */
export class ExposureErasure {
  readonly #rows: RemovableRows;

  constructor(table: Table) {
    this.#rows = new RemovableRows(table, 'state');
  }

  ofAgent(agentId: string): AsyncGenerator<Removal> {
    return this.#rows.ofPartition(exposurePartition(agentId));
  }
}
