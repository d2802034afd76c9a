import { DeleteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { failedCondition } from './conditions.ts';

type Item = Readonly<Record<string, unknown>>;

/** Deletes a row if it still says this; otherwise, or when there is none, does nothing. 1 write unit for each KB. */
export async function deleteIf(
  documents: DynamoDBDocumentClient,
  table: string,
  key: Item,
  says: Item,
): Promise<void> {
  const names = Object.keys(says);
  try {
    await documents.send(
      new DeleteCommand({
        TableName: table,
        Key: key,
        ConditionExpression: names.map((name) => `#${name} = :${name}`).join(' AND '),
        ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
        ExpressionAttributeValues: Object.fromEntries(names.map((name) => [`:${name}`, says[name]])),
      }),
    );
  } catch (error) {
    if (!failedCondition(error)) throw error;
  }
}
