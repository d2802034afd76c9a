import { type DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY } from '../shared/schema/tables.ts';
import { ownerOfPoolRow, POOLS_PARTITION, toPoolItem } from './table.ts';

/** Every pool there ever was, also of types that no agent has any more: what it learned stays. */
export class KnownPools {
  readonly #documents: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(documents: DynamoDBDocumentClient, table: string) {
    this.#documents = documents;
    this.#table = table;
  }

  /** Call before anything is stored under the pool. 1 write unit. */
  async note(owner: string): Promise<void> {
    await this.#documents.send(new PutCommand({ TableName: this.#table, Item: toPoolItem(owner) }));
  }

  /** Their owners (`type:{agentType}`), strongly consistent: 1 read unit for about 100. */
  async all(): Promise<string[]> {
    const owners: string[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#documents.send(
        new QueryCommand({
          TableName: this.#table,
          ConsistentRead: true,
          KeyConditionExpression: '#pk = :pk',
          ExpressionAttributeNames: { '#pk': PARTITION_KEY },
          ExpressionAttributeValues: { ':pk': POOLS_PARTITION },
          ExclusiveStartKey: start,
        }),
      );
      owners.push(...(page.Items ?? []).map(ownerOfPoolRow));
      start = page.LastEvaluatedKey;
    } while (start);
    return owners;
  }
}
