import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { type Clock, isExpired } from '../shared/platform/clock.ts';
import type { DecisionReference } from './decision.ts';
import { decisionKey } from './table.ts';

/** Whether a decision that something refers to exists: one strongly consistent read by key. */
export class DecisionLookup {
  readonly #documents: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #clock: Clock;

  constructor(documents: DynamoDBDocumentClient, table: string, clock: Clock) {
    this.#documents = documents;
    this.#table = table;
    this.#clock = clock;
  }

  async exists(reference: DecisionReference): Promise<boolean> {
    const Key = decisionKey(reference);
    if (!Key) return false;
    const { Item } = await this.#documents.send(
      new GetCommand({
        TableName: this.#table,
        Key,
        ConsistentRead: true,
        ProjectionExpression: '#ttl',
        ExpressionAttributeNames: { '#ttl': 'ttl' },
      }),
    );
    return Item !== undefined && !isExpired(Item, this.#clock());
  }
}
