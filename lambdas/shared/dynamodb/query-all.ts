import { type DynamoDBDocumentClient, QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY } from '../schema/tables.ts';

type Item = Record<string, unknown>;

/** What a query finds on all of its pages, strongly consistent: 1 read unit for 4 KB. For what fits into memory. */
export async function queryAll(
  documents: DynamoDBDocumentClient,
  query: Omit<QueryCommandInput, 'ConsistentRead' | 'ExclusiveStartKey'>,
): Promise<Item[]> {
  const items: Item[] = [];
  let start: Item | undefined;
  do {
    const page = await documents.send(
      new QueryCommand({ ...query, ConsistentRead: true, ExclusiveStartKey: start }),
    );
    items.push(...(page.Items ?? []));
    start = page.LastEvaluatedKey;
  } while (start);
  return items;
}

/** Every row of a partition, in the order of their sort keys. */
export const queryPartition = (
  documents: DynamoDBDocumentClient,
  table: string,
  partition: string,
): Promise<Item[]> =>
  queryAll(documents, {
    TableName: table,
    KeyConditionExpression: '#pk = :pk',
    ExpressionAttributeNames: { '#pk': PARTITION_KEY },
    ExpressionAttributeValues: { ':pk': partition },
  });
