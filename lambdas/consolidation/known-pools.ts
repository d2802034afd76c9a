import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { queryPartition } from '../shared/dynamodb/query-all.ts';
import { ownerOfPoolRow, POOLS_PARTITION, toPoolItem } from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** Every pool there ever was, also of types that no agent has any more: what it learned stays. */
export class KnownPools {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Call before anything is stored under the pool. 1 write unit. */
  async note(owner: string): Promise<void> {
    await this.#table.documents.send(
      new PutCommand({ TableName: this.#table.name, Item: toPoolItem(owner) }),
    );
  }

  /** Their owners (`type:{agentType}`), strongly consistent: 1 read unit for about 100. */
  async all(): Promise<string[]> {
    return (await queryPartition(this.#table.documents, this.#table.name, POOLS_PARTITION)).map(
      ownerOfPoolRow,
    );
  }
}
