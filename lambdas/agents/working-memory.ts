import { DeleteCommand, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { failedCondition } from '../shared/dynamodb/conditions.ts';
import { decodePageToken, encodePageToken, isSortKeyPosition } from '../shared/dynamodb/page-token.ts';
import { NotFoundError, TooLargeError } from '../shared/errors.ts';
import { SECOND_MS } from '../shared/platform/clock.ts';
import type { JsonValue } from '../shared/schema/fields.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { AgentRegistry } from './agent-registry.ts';
import { agentPartition } from './table.ts';
import {
  isLive,
  LIVE,
  WORKING_PREFIX,
  workingFromItem,
  workingKey,
  type WorkingEntry,
  workingToItem,
} from './working-table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** Of the value as JSON in UTF-8. */
const MAX_VALUE_BYTES = 100 * 1024;

const noEntry = (agentId: string, key: string) =>
  new NotFoundError(`Agent ${agentId} has no working memory ${key}`);

/** What an agent keeps for minutes or hours: current context, recent queries. The last write wins. */
export class WorkingMemory {
  readonly #table: Table;
  readonly #registry: AgentRegistry;

  constructor(table: Table, registry: AgentRegistry) {
    this.#table = table;
    this.#registry = registry;
  }

  /** @throws TooLargeError over 100 KB */
  async put(agentId: string, key: string, value: JsonValue, ttlSeconds: number): Promise<WorkingEntry> {
    const text = JSON.stringify(value);
    const bytes = Buffer.byteLength(text, 'utf8');
    if (bytes > MAX_VALUE_BYTES)
      throw new TooLargeError(`The value is ${bytes} bytes as JSON; the limit is ${MAX_VALUE_BYTES}`);
    const now = this.#table.clock();
    const entry = {
      agentId,
      key,
      updatedAt: now.toISOString(),
      expiresAt: new Date(now.getTime() + ttlSeconds * SECOND_MS).toISOString(),
    };
    await this.#registry.noteActivity(agentId);
    await this.#table.documents.send(
      new PutCommand({ TableName: this.#table.name, Item: workingToItem(entry, text) }),
    );
    return { ...entry, value };
  }

  /** Strongly consistent. @throws NotFoundError when it is absent or its time is up */
  async get(agentId: string, key: string): Promise<WorkingEntry> {
    const { Item } = await this.#table.documents.send(
      new GetCommand({ TableName: this.#table.name, Key: workingKey(agentId, key), ConsistentRead: true }),
    );
    if (!isLive(Item, this.#table.clock())) throw noEntry(agentId, key);
    return workingFromItem(agentId, Item);
  }

  /** @throws NotFoundError when it is absent or its time is up */
  async remove(agentId: string, key: string): Promise<{ agentId: string; key: string; deletedAt: string }> {
    const now = this.#table.clock().toISOString();
    try {
      await this.#table.documents.send(
        new DeleteCommand({
          TableName: this.#table.name,
          Key: workingKey(agentId, key),
          ConditionExpression: LIVE,
          ExpressionAttributeValues: { ':now': now },
        }),
      );
    } catch (error) {
      if (failedCondition(error)) throw noEntry(agentId, key);
      throw error;
    }
    return { agentId, key, deletedAt: now };
  }

  /**
   * What is live, values included, in the order of the keys. A page ends at `maxResults` entries or at the 1 MB one
   * query reads, whichever comes first: so it can be short, but has a `nextToken` then.
   */
  async list(agentId: string, { maxResults = 20, nextToken }: { maxResults?: number; nextToken?: string }) {
    const query = ['working', agentId];
    const after = decodePageToken(query, nextToken, isSortKeyPosition);
    const start = after === undefined ? undefined : workingKey(agentId, after);
    const now = this.#table.clock();
    const { Items = [], LastEvaluatedKey } = await this.#table.documents.send(
      new QueryCommand({
        TableName: this.#table.name,
        ConsistentRead: true,
        KeyConditionExpression: '#pk = :pk AND begins_with(#sk, :prefix)',
        ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
        ExpressionAttributeValues: { ':pk': agentPartition(agentId), ':prefix': WORKING_PREFIX },
        ExclusiveStartKey: start,
        // One more than asked for tells whether there is a next page.
        Limit: maxResults + 1,
      }),
    );
    const page = Items.slice(0, maxResults);
    const more = Items.length > maxResults || LastEvaluatedKey !== undefined;
    const last = page.at(-1);
    return {
      items: page.filter((item) => isLive(item, now)).map((item) => workingFromItem(agentId, item)),
      nextToken:
        more && last ? encodePageToken(query, String(last[SORT_KEY]).slice(WORKING_PREFIX.length)) : null,
    };
  }
}
