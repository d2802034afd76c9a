import { DeleteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { putAll } from '../shared/dynamodb/batch-write.ts';
import { failedCondition } from '../shared/dynamodb/conditions.ts';
import { BoundedMap } from '../shared/platform/bounded-map.ts';
import { isExpired, MINUTE_MS } from '../shared/platform/clock.ts';
import { queryAll } from '../shared/dynamodb/query-all.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { changedDayOf, changedKey, changedRange, changedTtl, toChangedItem } from './changed-days-table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** How long an instance takes it for granted that a day it marked still is. */
const TRUSTED_MS = 5 * MINUTE_MS;
/**
 * A write that relied on a mark has ended when the mark is this old: what an instance takes for granted, the longest
 * request, and as much again for clocks that differ.
 */
export const SETTLED_MS = 2 * TRUSTED_MS;
/** A bound on what one warm function instance remembers. */
const MAX_NOTED = 20_000;

export interface ChangedDay {
  readonly day: string;
  /** When it was last marked. */
  readonly at: string;
}

/**
 * UTC days whose decisions or outcomes were written since they were last rolled up. A day is marked before the write
 * it is marked for, so a killed writer leaves a day too many marked, and never one too few.
 */
export class ChangedDays {
  readonly #table: Table;
  /** When this instance last marked a day, in milliseconds since the epoch. */
  readonly #noted = new BoundedMap<string, number>(MAX_NOTED);

  constructor(table: Table) {
    this.#table = table;
  }

  /** Whether `note` would be free. */
  isNoted(agentId: string, timestamp: string): boolean {
    const noted = this.#noted.get(nameOf(agentId, timestamp));
    return noted !== undefined && this.#table.clock().getTime() - noted < TRUSTED_MS;
  }

  /**
   * Call before a decision of that day, or its outcome, is written. Free when this instance marked the day in the
   * last five minutes, 1 WRU otherwise.
   * @param timestamp of the decision
   */
  async note(agentId: string, timestamp: string): Promise<void> {
    if (this.isNoted(agentId, timestamp)) return;
    const now = this.#table.clock();
    await this.#table.documents.send(
      new UpdateCommand({
        TableName: this.#table.name,
        Key: changedKey(agentId, dayOf(timestamp)),
        UpdateExpression: 'SET #at = :at, #ttl = :ttl',
        ExpressionAttributeNames: { '#at': 'at', '#ttl': 'ttl' },
        ExpressionAttributeValues: { ':at': now.toISOString(), ':ttl': changedTtl(now) },
      }),
    );
    this.#remember(agentId, timestamp, now);
  }

  /**
   * As `note` for each of many decisions, before they are written in bulk. 1 WRU for each day that is not marked yet,
   * in a twenty-fifth of the requests.
   *
   * @throws ThrottledError when DynamoDB keeps leaving marks unwritten: the decisions must not be written then
   */
  async noteAll(
    decisions: readonly { readonly agentId: string; readonly timestamp: string }[],
  ): Promise<void> {
    const fresh = new Map(
      decisions
        .filter(({ agentId, timestamp }) => !this.isNoted(agentId, timestamp))
        .map((decision) => [nameOf(decision.agentId, decision.timestamp), decision]),
    );
    const now = this.#table.clock();
    const days = [...fresh.values()];
    await putAll(
      this.#table.documents,
      this.#table.name,
      days.map(({ agentId, timestamp }) => toChangedItem(agentId, dayOf(timestamp), now)),
    );
    for (const { agentId, timestamp } of days) this.#remember(agentId, timestamp, now);
  }

  #remember(agentId: string, timestamp: string, now: Date): void {
    this.#noted.set(nameOf(agentId, timestamp), now.getTime());
  }

  /** Oldest first, strongly consistent. 1 RRU for about 60 days. */
  async list(agentId: string): Promise<ChangedDay[]> {
    const { partition, prefix } = changedRange(agentId);
    const now = this.#table.clock();
    const items = await queryAll(this.#table.documents, {
      TableName: this.#table.name,
      KeyConditionExpression: '#pk = :pk AND begins_with(#sk, :prefix)',
      ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
      ExpressionAttributeValues: { ':pk': partition, ':prefix': prefix },
    });
    return items
      .filter((item) => !isExpired(item, now))
      .map((item) => ({ day: changedDayOf(item), at: String(item['at']) }));
  }

  /** Call when a day is rolled up. One that was marked again meanwhile stays marked. */
  async clear(agentId: string, { day, at }: ChangedDay): Promise<void> {
    try {
      await this.#table.documents.send(
        new DeleteCommand({
          TableName: this.#table.name,
          Key: changedKey(agentId, day),
          ConditionExpression: '#at = :at',
          ExpressionAttributeNames: { '#at': 'at' },
          ExpressionAttributeValues: { ':at': at },
        }),
      );
    } catch (error) {
      if (!failedCondition(error)) throw error;
    }
  }
}

const dayOf = (timestamp: string): string => timestamp.slice(0, 10);
const nameOf = (agentId: string, timestamp: string): string => `${agentId}#${dayOf(timestamp)}`;
