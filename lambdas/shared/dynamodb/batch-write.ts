import { setTimeout as sleep } from 'node:timers/promises';
import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { ThrottledError } from '../errors.ts';

type Item = Record<string, unknown>;

/** DynamoDB takes this many items a call. */
const ITEMS_PER_CALL = 25;
const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 50;

async function putSome(documents: DynamoDBDocumentClient, table: string, items: readonly Item[]) {
  let pending = items.map((Item) => ({ PutRequest: { Item } }));
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { UnprocessedItems } = await documents.send(
      new BatchWriteCommand({ RequestItems: { [table]: pending } }),
    );
    pending = (UnprocessedItems?.[table] ?? []) as typeof pending;
    if (pending.length === 0) return;
    await sleep(Math.random() * FIRST_PAUSE_MS * 2 ** attempt);
  }
  throw new ThrottledError('Too many requests; slow down and retry');
}

/**
 * Puts items (all with different keys) over whatever is there: neither atomic nor ordered. Costs what single puts do,
 * in a twenty-fifth of the requests.
 *
 * @throws ThrottledError when DynamoDB keeps leaving items unprocessed; some are then written and some are not
 */
export async function putAll(
  documents: DynamoDBDocumentClient,
  table: string,
  items: readonly Item[],
): Promise<void> {
  const calls: Promise<void>[] = [];
  for (let start = 0; start < items.length; start += ITEMS_PER_CALL)
    calls.push(putSome(documents, table, items.slice(start, start + ITEMS_PER_CALL)));
  await Promise.all(calls);
}
