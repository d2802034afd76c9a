import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { decodePageToken, encodePageToken } from '../shared/dynamodb/page-token.ts';
import { isExpired } from '../shared/platform/clock.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { MAX_MESSAGES, type Message, type SessionHead } from './session.ts';
import { noSession } from './session-store.ts';
import type { RunningSummary } from './summary.ts';
import {
  AFTER_ALL,
  HEAD,
  headFromItem,
  type Item,
  messageFromItem,
  messageSortKey,
  seqOf,
  sessionPartition,
  SUMMARY,
  summaryFromItem,
} from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** A session as an agent goes on with it. */
export interface ResumedSession {
  readonly head: SessionHead;
  /** What came before, in short; absent until enough messages have left the hot window. */
  readonly summary?: RunningSummary;
  /** The newest messages, oldest first: the hot window, and before it what the summary does not hold yet. */
  readonly messages: readonly Message[];
  /** Messages lie between the summary and these, more than were read to catch up. */
  readonly isBehind: boolean;
}

/** Head and summary, without messages. */
export type SessionOpening = Omit<ResumedSession, 'messages' | 'isBehind'>;

/** A summary that is so far behind is not waited for: what lies between is paged through. */
const MOST_CATCHING_UP = 50;

/** Reads sessions, strongly consistent. */
export class SessionReader {
  readonly #table: Table;
  readonly #hotWindow: number;

  /** @param hotWindow how many messages stay whole */
  constructor(table: Table, hotWindow: number) {
    this.#table = table;
    this.#hotWindow = hotWindow;
  }

  /**
   * Head, summary and hot window in one query: 3 read units for 8 messages of 1 KB and a summary of 2 KB. A session
   * that is over reads the same, with its record on the head. Where the summary is late, a second query brings up to
   * 50 messages it does not hold yet, so that nothing falls between the two.
   *
   * @throws NotFoundError when the agent has no such session, or has it no more
   */
  async resume(agentId: string, sessionId: string): Promise<ResumedSession> {
    const newest = await this.#backwards(agentId, sessionId, AFTER_ALL, this.#hotWindow + 2);
    const opening = this.#openingOf(agentId, sessionId, newest);
    const messages = messagesOf(newest, this.#table.clock()).slice(0, this.#hotWindow);
    const oldest = messages.at(-1)?.seq ?? 1;
    const through = opening.summary?.throughSeq ?? 0;
    let isBehind = false;
    if (through < oldest - 1) {
      const missed = await this.#between(agentId, sessionId, through + 1, oldest - 1);
      messages.push(...messagesOf(missed.rows, this.#table.clock()));
      isBehind = missed.more;
    }
    return { ...opening, messages: messages.reverse(), isBehind };
  }

  /** Head and summary, without messages. @throws NotFoundError */
  async opening(agentId: string, sessionId: string): Promise<SessionOpening> {
    return this.#openingOf(agentId, sessionId, await this.#backwards(agentId, sessionId, AFTER_ALL, 2));
  }

  /**
   * All messages, newest first, also of a session that is over. A page ends at `maxResults` or at the 1 MB one query
   * reads, whichever comes first: so it can be short, but has a `nextToken` then.
   *
   * @throws NotFoundError when the agent has no such session, or has it no more
   */
  async page(
    agentId: string,
    sessionId: string,
    { maxResults = 20, nextToken }: { maxResults?: number; nextToken?: string },
  ): Promise<{ items: Message[]; nextToken: string | null }> {
    const query = ['messages', agentId, sessionId];
    const before = decodePageToken(query, nextToken, isSeq);
    const { rows, more } = await this.#query(
      agentId,
      sessionId,
      before === undefined ? AFTER_ALL : messageSortKey(before - 1),
      // The first page meets the head and the summary on its way; one more tells whether there is a next page.
      maxResults + 1 + (before === undefined ? 2 : 0),
    );
    if (before === undefined) this.#openingOf(agentId, sessionId, rows);
    const found = messagesOf(rows, this.#table.clock());
    const items = found.slice(0, maxResults);
    const last = items.at(-1);
    return {
      items,
      nextToken: last && (more || found.length > maxResults) ? encodePageToken(query, last.seq) : null,
    };
  }

  /** Every message with `from ≤ seq ≤ to`, oldest first, page by page. */
  async *messages(
    agentId: string,
    sessionId: string,
    from = 1,
    to = MAX_MESSAGES,
  ): AsyncGenerator<Message[]> {
    let start: Item | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await this.#table.documents.send(
        new QueryCommand({ ...this.#range(agentId, sessionId, from, to), ExclusiveStartKey: start }),
      );
      yield messagesOf(Items, this.#table.clock());
      start = LastEvaluatedKey;
    } while (start);
  }

  #openingOf(agentId: string, sessionId: string, rows: readonly Item[]) {
    const row = (sortKey: string) => rows.find((item) => item[SORT_KEY] === sortKey);
    const head = row(HEAD);
    const now = this.#table.clock();
    if (!head || isExpired(head, now)) throw noSession(agentId, sessionId);
    const summary = row(SUMMARY);
    return {
      head: headFromItem(head, now),
      // One that has expired was that of an earlier session with this id.
      ...(summary && !isExpired(summary, now) && { summary: summaryFromItem(summary) }),
    };
  }

  /** The `limit` rows from `upTo` down: one query, unless they come to more than the 1 MB one query reads. */
  async #backwards(agentId: string, sessionId: string, upTo: string, limit: number): Promise<Item[]> {
    const all: Item[] = [];
    let start: Item | undefined;
    do {
      const { rows, more } = await this.#query(agentId, sessionId, upTo, limit - all.length, start);
      all.push(...rows);
      start = more;
    } while (start && all.length < limit);
    return all;
  }

  async #query(agentId: string, sessionId: string, upTo: string, limit: number, start?: Item) {
    const { Items: rows = [], LastEvaluatedKey: more } = await this.#table.documents.send(
      new QueryCommand({
        TableName: this.#table.name,
        ConsistentRead: true,
        ScanIndexForward: false,
        KeyConditionExpression: '#pk = :pk AND #sk <= :upTo',
        ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
        ExpressionAttributeValues: { ':pk': sessionPartition(agentId, sessionId), ':upTo': upTo },
        ExclusiveStartKey: start,
        Limit: limit,
      }),
    );
    return { rows, more };
  }

  /** The newest of the messages with `from ≤ seq ≤ to`, newest first: one query of at most 50, and whether there are more. */
  async #between(agentId: string, sessionId: string, from: number, to: number) {
    const { Items = [], LastEvaluatedKey } = await this.#table.documents.send(
      new QueryCommand({
        ...this.#range(agentId, sessionId, from, to),
        ScanIndexForward: false,
        // One more tells whether there are more: numbers below the newest may never have been used.
        Limit: MOST_CATCHING_UP + 1,
      }),
    );
    return {
      rows: Items.slice(0, MOST_CATCHING_UP),
      more: Items.length > MOST_CATCHING_UP || LastEvaluatedKey !== undefined,
    };
  }

  #range(agentId: string, sessionId: string, from: number, to: number) {
    return {
      TableName: this.#table.name,
      ConsistentRead: true,
      KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to',
      ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
      ExpressionAttributeValues: {
        ':pk': sessionPartition(agentId, sessionId),
        ':from': messageSortKey(from),
        ':to': messageSortKey(to),
      },
    };
  }
}

const isSeq = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_MESSAGES;

const messagesOf = (rows: readonly Item[], now: Date): Message[] =>
  rows
    .filter((item) => seqOf(String(item[SORT_KEY])) !== undefined && !isExpired(item, now))
    .map(messageFromItem);
