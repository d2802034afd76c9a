import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import { exposurePartition } from './table.ts';

/** What an agent was shown, removed. */
export class ExposureErasure {
  readonly #rows: RemovableRows;

  constructor(documents: DynamoDBDocumentClient, table: string) {
    this.#rows = new RemovableRows(documents, 'state', table);
  }

  ofAgent(agentId: string): AsyncGenerator<Removal> {
    return this.#rows.ofPartition(exposurePartition(agentId));
  }
}
