import type { Table } from '../shared/dynamodb/table.ts';
import { ownerOfPoolRow, POOLS_PARTITION, toPoolItem } from './table.ts';

/** Every pool there ever was, also of types without agents today: its patterns stay. */
export class KnownPools {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Call before anything is stored under the pool. 1 write unit. */
  async note(owner: string): Promise<void> {
    await this.#table.put(toPoolItem(owner));
  }

  /** Their owners (`type:{agentType}`), strongly consistent: 1 read unit for about 100. */
  async all(): Promise<string[]> {
    return (await this.#table.queryAll({ partition: POOLS_PARTITION })).map(ownerOfPoolRow);
  }
}
