import { type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { type Removal, RemovableRows } from '../shared/dynamodb/removable-rows.ts';
import {
  fromSharingItem,
  grantKey,
  grantPartition,
  type Item,
  referenceOfGrant,
  sharingKey,
  sharingPartition,
  toSharingItem,
} from './table.ts';

/** What an agent shares with others, and its name among those whom others share with. */
export class SharingErasure {
  readonly #documents: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #rows: RemovableRows;

  constructor(documents: DynamoDBDocumentClient, table: string) {
    this.#documents = documents;
    this.#table = table;
    this.#rows = new RemovableRows(documents, 'memory', table);
  }

  async *ofAgent(agentId: string, memoryType: string): AsyncGenerator<Removal> {
    for await (const rows of this.#rows.read(sharingPartition(agentId, memoryType)))
      for (const row of rows) {
        const { memoryId, granted } = fromSharingItem(row);
        // The grants first: the row says who has one.
        yield* this.#rows.existing(
          granted.map((grantee) => grantKey(grantee, memoryType, agentId, memoryId)),
        );
        yield this.#rows.removal([row]);
      }
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

  #sharedBy(grants: readonly Item[], memoryType: string): Promise<Item[]> {
    const keys = grants
      .map(referenceOfGrant)
      .map(({ owner, memoryId }) => sharingKey(owner, memoryType, memoryId));
    return getAll(this.#documents, this.#table, keys);
  }
}
