import { setTimeout as sleep } from 'node:timers/promises';
import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { ThrottledError } from '../errors.ts';

type Item = Record<string, unknown>;

export interface BatchGetOptions {
  /** Attributes to return; all by default. Reserved words are fine. */
  readonly attributes?: readonly string[];
}

/** DynamoDB takes this many keys a call, and returns at most 16 MB of them. */
const KEYS_PER_CALL = 100;
const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 20;

async function getSome(
  documents: DynamoDBDocumentClient,
  table: string,
  keys: readonly Item[],
  attributes: readonly string[] | undefined,
): Promise<Item[]> {
  const found: Item[] = [];
  let pending: Item[] = [...keys];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = await documents.send(
      new BatchGetCommand({
        RequestItems: {
          [table]: {
            Keys: pending,
            ConsistentRead: true,
            ...(attributes && {
              ProjectionExpression: attributes.map((_, i) => `#a${i}`).join(', '),
              ExpressionAttributeNames: Object.fromEntries(attributes.map((name, i) => [`#a${i}`, name])),
            }),
          },
        },
      }),
    );
    found.push(...(answer.Responses?.[table] ?? []));
    pending = answer.UnprocessedKeys?.[table]?.Keys ?? [];
    if (pending.length === 0) return found;
    await sleep(Math.random() * FIRST_PAUSE_MS * 2 ** attempt);
  }
  throw new ThrottledError('Too many requests; slow down and retry');
}

/**
 * The items that exist under these keys (all different), in no particular order, strongly consistent.
 *
 * @throws ThrottledError when DynamoDB keeps leaving keys unprocessed
 */
export async function getAll(
  documents: DynamoDBDocumentClient,
  table: string,
  keys: readonly Item[],
  { attributes }: BatchGetOptions = {},
): Promise<Item[]> {
  const calls: Promise<Item[]>[] = [];
  for (let start = 0; start < keys.length; start += KEYS_PER_CALL)
    calls.push(getSome(documents, table, keys.slice(start, start + KEYS_PER_CALL), attributes));
  return (await Promise.all(calls)).flat();
}
