import { type TransactWriteCommandInput, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { getAll } from './dynamodb/batch-get.ts';
import { DAY_MS, isExpired, toTtl } from './platform/clock.ts';
import { PARTITION_KEY, SORT_KEY } from './schema/tables.ts';
import type { Table } from './dynamodb/table.ts';

type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/**
 * In `agent_state`: `erased:{agentId}`, `erased:{agentId}#{sessionId}` / `ERASED`: it is being erased, or when that
 * ended. Kept longer than a stream keeps a record, so that a late writer still finds it.
 */
const markKey = (name: string) => ({ [PARTITION_KEY]: `erased:${name}`, [SORT_KEY]: 'ERASED' });
const nameOfMark = (item: Readonly<Record<string, unknown>>): string =>
  String(item[PARTITION_KEY]).slice('erased:'.length);

export const ERASED_MARK_RETENTION_MS = 2 * DAY_MS;
const markTtl = (now: Date): number => toTtl(now.getTime() + ERASED_MARK_RETENTION_MS);

export const sessionMark = (agentId: string, sessionId: string): string => `${agentId}#${sessionId}`;

/**
 * Whether what is of this name and this time (UTC ISO-8601) was erased. While the erasure goes on, that is everything
 * of the name; afterwards what is from before its end: who comes back under the name is somebody else.
 */
export type IsErased = (name: string, time: string) => boolean;

/** Which agents and sessions were erased lately. A session's mark is `{agentId}#{sessionId}`. */
export class ErasedMarks {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** It is being erased. 1 write unit. */
  async mark(name: string): Promise<void> {
    await this.#set(name, false);
  }

  /** It was erased, or could not be. 1 write unit. */
  async end(name: string): Promise<void> {
    await this.#set(name, true);
  }

  /** 1 read unit for each name, strongly consistent. */
  async of(names: Iterable<string>): Promise<IsErased> {
    const items = await getAll(this.#table.documents, this.#table.name, [...new Set(names)].map(markKey));
    const now = this.#table.clock();
    const marks = new Map(
      items
        .filter((item) => !isExpired(item, now))
        .map((item) => [nameOfMark(item), { at: String(item['at']), over: item['over'] === true }]),
    );
    return (name, time) => {
      const mark = marks.get(name);
      return mark !== undefined && (!mark.over || time <= mark.at);
    };
  }

  /** A part of the transaction in which a run counts a marked agent without naming it: fails the second time. */
  counting(name: string, runId: string): Action {
    return {
      Update: {
        TableName: this.#table.name,
        Key: markKey(name),
        UpdateExpression: 'ADD runs :runs',
        ConditionExpression: 'attribute_exists(#at) AND NOT contains(runs, :runId)',
        ExpressionAttributeNames: { '#at': 'at' },
        ExpressionAttributeValues: { ':runs': new Set([runId]), ':runId': runId },
      },
    };
  }

  async #set(name: string, over: boolean): Promise<void> {
    const now = this.#table.clock();
    await this.#table.documents.send(
      new UpdateCommand({
        TableName: this.#table.name,
        Key: markKey(name),
        UpdateExpression: 'SET #at = :at, #over = :over, #ttl = :ttl',
        ExpressionAttributeNames: { '#at': 'at', '#over': 'over', '#ttl': 'ttl' },
        ExpressionAttributeValues: { ':at': now.toISOString(), ':over': over, ':ttl': markTtl(now) },
      }),
    );
  }
}
