import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import {
  fromSharingItem,
  grantKey,
  grantPartition,
  referenceOfGrant,
  sharingKey,
  sharingPartition,
  toSharingItem,
} from './table.ts';

/** Removes what an agent shares with others, and its name from what others share with it. */
export class SharingErasure {
  readonly #table: Table;
  readonly #rows: RemovableRows;

  constructor(table: Table) {
    this.#table = table;
    this.#rows = new RemovableRows(table, 'memory');
  }

  async *ofAgent(agentId: string, memoryType: string): AsyncGenerator<Removal> {
    for await (const rows of this.#rows.read(sharingPartition(agentId, memoryType)))
      for (const row of rows) yield* this.#ofRow(memoryType, row);
    for await (const grants of this.#rows.read(grantPartition(agentId, memoryType), '', [])) {
      for (const owned of await this.#sharedBy(grants, memoryType)) {
        const { with: audience, granted, ...rest } = fromSharingItem(owned);
        const without = {
          ...rest,
          with: audience === 'all' ? audience : audience.filter((name) => name !== agentId),
          granted: granted.filter((name) => name !== agentId),
          version: rest.version + 1,
        };
        if (granted.includes(agentId) || (audience !== 'all' && audience.includes(agentId)))
          yield this.#rows.rewrite(owned, toSharingItem(memoryType, without), 'version');
      }
      yield this.#rows.removal(grants);
    }
  }

  /** The sharing of one memory. */
  async *ofMemory(owner: string, memoryType: string, memoryId: string): AsyncGenerator<Removal> {
    for (const row of await this.#table.getAll([sharingKey(owner, memoryType, memoryId)]))
      yield* this.#ofRow(memoryType, row);
  }

  async *#ofRow(memoryType: string, row: Item): AsyncGenerator<Removal> {
    const { owner, memoryId, granted } = fromSharingItem(row);
    // The grants first: the row says which agents have one.
    yield* this.#rows.existing(granted.map((grantee) => grantKey(grantee, memoryType, owner, memoryId)));
    yield this.#rows.removal([row]);
  }

  #sharedBy(grants: readonly Item[], memoryType: string): Promise<Item[]> {
    const keys = grants
      .map(referenceOfGrant)
      .map(({ owner, memoryId }) => sharingKey(owner, memoryType, memoryId));
    return this.#table.getAll(keys);
  }
}
