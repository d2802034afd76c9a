import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { isExpired } from '../shared/platform/clock.ts';
import type { DecisionReference } from './decision.ts';
import { decisionKey } from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** Whether a decision that something refers to exists: one strongly consistent read by key. */
export class DecisionLookup {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async exists(reference: DecisionReference): Promise<boolean> {
    const Key = decisionKey(reference);
    if (!Key) return false;
    const { Item } = await this.#table.documents.send(
      new GetCommand({
        TableName: this.#table.name,
        Key,
        ConsistentRead: true,
        ProjectionExpression: '#ttl',
        ExpressionAttributeNames: { '#ttl': 'ttl' },
      }),
    );
    return Item !== undefined && !isExpired(Item, this.#table.clock());
  }
}
