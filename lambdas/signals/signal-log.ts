import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { decodePageToken, encodePageToken } from '../shared/dynamodb/page-token.ts';
import { NotFoundError, ValidationFailedError } from '../shared/errors.ts';
import { isExpired } from '../shared/platform/clock.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { collectPage } from './fill-page.ts';
import type { Delivery, Progress, Signal } from './signal.ts';
import type { PublishedSignal } from './signal-publisher.ts';
import {
  deliveriesOf,
  deliveryKey,
  fromItem,
  identityOf,
  isDeliverySortKey,
  type Item,
  sentIndex,
  sentKey,
  signalFromItem,
  signalPartition,
  targetsOf,
  timeRange,
} from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

export interface Page {
  readonly maxResults?: number;
  readonly nextToken?: string;
}

export interface TypeQuery extends Page {
  readonly signalType: string;
  readonly from?: string;
  readonly to?: string;
}

export interface TrackedSignal extends Signal {
  readonly deliveries: (Pick<Delivery, 'targetAgent' | 'status'> & Partial<Progress>)[];
}

/** Signals as their sender, their targets and operators look them up. */
export class SignalLog {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /**
   * One signal and how far each target has come, strongly consistent. A target sees of the others only their status.
   *
   * @throws NotFoundError absent, expired, or neither sent by nor to this agent
   */
  async read(agentId: string, signalId: string): Promise<TrackedSignal> {
    const now = this.#table.clock();
    const live = (await this.#deliveries(signalId)).filter((item) => !isExpired(item, now));
    const deliveries = live.map((item) => fromItem(item, now));
    const first = live[0];
    if (!first || !deliveries.some((one) => agentId === one.sourceAgent || agentId === one.targetAgent))
      throw new NotFoundError(`No signal ${signalId} was sent by or to ${agentId}`);
    return {
      ...signalFromItem(first),
      deliveries: deliveries.map((delivery) => {
        const { sourceAgent, targetAgent, status, attempt, leaseUntil, processedAt, decisionId, note } =
          delivery;
        return agentId === sourceAgent || agentId === targetAgent
          ? { targetAgent, status, attempt, leaseUntil, processedAt, decisionId, note }
          : { targetAgent, status };
      }),
    };
  }

  /** What an agent sent and has not expired, newest first. The index holds keys only; the items are then read. */
  async sent(agentId: string, { maxResults = 20, nextToken }: Page) {
    const now = this.#table.clock();
    const query = { list: 'sent', agentId };
    const position = decodePageToken(query, nextToken, isDeliverySortKey);
    const page = await collectPage<PublishedSignal>(
      maxResults,
      false,
      position === undefined ? undefined : { ...keyAt(position), [sentIndex.partitionKey]: sentKey(agentId) },
      async (start, limit) => {
        const { Items = [], LastEvaluatedKey } = await this.#table.documents.send(
          new QueryCommand({
            TableName: this.#table.name,
            IndexName: sentIndex.name,
            KeyConditionExpression: '#key = :key',
            ExpressionAttributeNames: { '#key': sentIndex.partitionKey },
            ExpressionAttributeValues: { ':key': sentKey(agentId) },
            ScanIndexForward: false,
            Limit: Math.min(limit, 100),
            ExclusiveStartKey: start,
          }),
        );
        const sortKeys = Items.map((item) => String(item[SORT_KEY]));
        const items = await this.#items(sortKeys);
        return {
          last: LastEvaluatedKey,
          entries: sortKeys.map((sortKey) => {
            const item = items.get(sortKey);
            const value =
              item && !isExpired(item, now)
                ? { ...signalFromItem(item), targetAgents: targetsOf(item) ?? [] }
                : undefined;
            return { sortKey, value };
          }),
        };
      },
    );
    return {
      items: page.items,
      nextToken: page.position === undefined ? null : encodePageToken(query, page.position),
      consistency: 'eventual' as const,
    };
  }

  /** Deliveries of one type across agents with `from ≤ timestamp ≤ to`, newest first, strongly consistent. */
  async ofType({ signalType, from, to, maxResults = 20, nextToken }: TypeQuery) {
    if (from !== undefined && to !== undefined && from > to)
      throw ValidationFailedError.at('from', 'must not be after to');
    const now = this.#table.clock();
    const query = { list: 'type', signalType, from, to };
    const range = timeRange(from, to);
    // DynamoDB refuses to start outside of the range it is asked for.
    const isPosition = (value: unknown): value is string =>
      isDeliverySortKey(value) &&
      keyAt(value)[PARTITION_KEY] === signalPartition(signalType) &&
      value >= range.from &&
      value <= range.to;
    const position = decodePageToken(query, nextToken, isPosition);
    const page = await collectPage<Delivery>(
      maxResults,
      false,
      position === undefined
        ? undefined
        : { [PARTITION_KEY]: signalPartition(signalType), [SORT_KEY]: position },
      async (start, limit) => {
        const { Items = [], LastEvaluatedKey } = await this.#table.documents.send(
          new QueryCommand({
            TableName: this.#table.name,
            ConsistentRead: true,
            KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to',
            ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
            ExpressionAttributeValues: {
              ':pk': signalPartition(signalType),
              ':from': range.from,
              ':to': range.to,
            },
            ScanIndexForward: false,
            Limit: limit,
            ExclusiveStartKey: start,
          }),
        );
        return {
          last: LastEvaluatedKey,
          entries: Items.map((item) => ({
            sortKey: String(item[SORT_KEY]),
            value: isExpired(item, now) ? undefined : fromItem(item, now),
          })),
        };
      },
    );
    return {
      items: page.items,
      nextToken: page.position === undefined ? null : encodePageToken(query, page.position),
    };
  }

  async #deliveries(signalId: string): Promise<Item[]> {
    const range = deliveriesOf(signalId);
    if (!range) return [];
    const found: Item[] = [];
    let start: Item | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await this.#table.documents.send(
        new QueryCommand({
          TableName: this.#table.name,
          ConsistentRead: true,
          KeyConditionExpression: '#pk = :pk AND begins_with(#sk, :prefix)',
          ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
          ExpressionAttributeValues: { ':pk': range.partition, ':prefix': range.sortKeyPrefix },
          ExclusiveStartKey: start,
        }),
      );
      found.push(...Items);
      start = LastEvaluatedKey;
    } while (start);
    return found;
  }

  /** At most 100 items, by sort key (which tells the partition); strongly consistent, so none of the page is missed. */
  async #items(sortKeys: readonly string[]): Promise<Map<string, Item>> {
    const items = await getAll(this.#table.documents, this.#table.name, sortKeys.map(keyAt));
    return new Map(items.map((item) => [String(item[SORT_KEY]), item]));
  }
}

function keyAt(sortKey: string): Item {
  const { signalId, targetAgent } = identityOf(sortKey);
  return { ...deliveryKey(signalId, targetAgent) };
}
