import { AnswerRoom } from '../shared/answer-room.ts';
import { decodePageToken, encodePageToken } from '../shared/dynamodb/page-token.ts';
import type { Query } from '../shared/dynamodb/query.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { isExpired } from '../shared/platform/clock.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import { MAX_MESSAGES, type Message, noSession, type SessionHead } from './session.ts';
import type { RunningSummary } from './summary/summary.ts';
import {
  AFTER_ALL,
  HEAD,
  headFromItem,
  messageFromItem,
  messageSortKey,
  seqOf,
  sessionPartition,
  SUMMARY,
  summaryFromItem,
} from './table.ts';

/** A session as an agent goes on with it. */
export interface ResumedSession {
  readonly head: SessionHead;
  /** The earlier messages, in short; absent until enough of them have left the hot window. */
  readonly summary?: RunningSummary;
  /** The newest messages, oldest first: those the summary does not hold yet, then the hot window. */
  readonly messages: readonly Message[];
  /** Messages lie between the summary and these, more than were read to catch up. */
  readonly isBehind: boolean;
}

/** Head and summary, without messages. */
export type SessionOpening = Omit<ResumedSession, 'messages' | 'isBehind'>;

/** Messages read to catch up with a late summary; the rest is left to paging. */
const MOST_CATCHING_UP = 50;

/** Reads sessions, strongly consistent. */
export class SessionReader {
  readonly #table: Table;
  readonly #hotWindow: number;

  /** @param hotWindow number of newest messages that stay whole */
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
    const newest = await this.#newest(agentId, sessionId, this.#hotWindow + 2);
    const opening = this.#openingOf(agentId, sessionId, newest);
    const messages = messagesOf(newest).slice(0, this.#hotWindow);
    const oldest = messages.at(-1)?.seq ?? 1;
    const through = opening.summary?.throughSeq ?? 0;
    let isBehind = false;
    if (through < oldest - 1) {
      const missed = await this.#between(agentId, sessionId, through + 1, oldest - 1);
      messages.push(...messagesOf(missed.rows));
      isBehind = missed.more;
    }
    return { ...opening, messages: messages.reverse(), isBehind };
  }

  /** Head and summary, without messages. @throws NotFoundError */
  async opening(agentId: string, sessionId: string): Promise<SessionOpening> {
    return this.#openingOf(agentId, sessionId, await this.#newest(agentId, sessionId, 2));
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
    const { items: rows, last: more } = await this.#table.query({
      ...backwards(agentId, sessionId, before === undefined ? AFTER_ALL : messageSortKey(before - 1)),
      // The first page begins with the summary and the head; one more tells whether there is a next page.
      limit: maxResults + 1 + (before === undefined ? 2 : 0),
    });
    if (before === undefined) this.#openingOf(agentId, sessionId, rows);
    const found = messagesOf(rows);
    const items = new AnswerRoom().takeLeading(found, maxResults);
    const last = items.at(-1);
    return {
      items,
      nextToken: last && (more || found.length > items.length) ? encodePageToken(query, last.seq) : null,
    };
  }

  /** Every message with `from ≤ seq ≤ to`, oldest first, page by page. */
  async *messages(
    agentId: string,
    sessionId: string,
    from = 1,
    to = MAX_MESSAGES,
  ): AsyncGenerator<Message[]> {
    for await (const rows of this.#table.pages(rangeOf(agentId, sessionId, from, to))) yield messagesOf(rows);
  }

  #openingOf(agentId: string, sessionId: string, rows: readonly Item[]) {
    const row = (sortKey: string) => rows.find((item) => item[SORT_KEY] === sortKey);
    const head = row(HEAD);
    if (!head) throw noSession(agentId, sessionId);
    const summary = row(SUMMARY);
    return {
      head: headFromItem(head, this.#table.clock()),
      ...(summary && { summary: summaryFromItem(summary) }),
    };
  }

  /** The last `limit` rows, newest first: one query, unless they come to more than the 1 MB one query reads. */
  async #newest(agentId: string, sessionId: string, limit: number): Promise<Item[]> {
    const all: Item[] = [];
    let start: Item | undefined;
    do {
      const { items, last } = await this.#table.query({
        ...backwards(agentId, sessionId, AFTER_ALL),
        limit: limit - all.length,
        // Expired rows, of an earlier session with this id, count as well: otherwise more would be read in their place.
        keepExpired: true,
        start,
      });
      all.push(...items);
      start = last;
    } while (start && all.length < limit);
    const now = this.#table.clock();
    return all.filter((item) => !isExpired(item, now));
  }

  /** The newest of the messages with `from ≤ seq ≤ to`, newest first: one query of at most 50, and whether there are more. */
  async #between(agentId: string, sessionId: string, from: number, to: number) {
    const { items, last } = await this.#table.query({
      ...rangeOf(agentId, sessionId, from, to),
      descending: true,
      // One more tells whether there are more: numbers below the newest may never have been used.
      limit: MOST_CATCHING_UP + 1,
    });
    return {
      rows: items.slice(0, MOST_CATCHING_UP),
      more: items.length > MOST_CATCHING_UP || last !== undefined,
    };
  }
}

/** The rows from `upTo` down. */
const backwards = (agentId: string, sessionId: string, upTo: string): Query => ({
  partition: sessionPartition(agentId, sessionId),
  sort: { to: upTo },
  descending: true,
});

/** The messages with `from ≤ seq ≤ to`. */
const rangeOf = (agentId: string, sessionId: string, from: number, to: number): Query => ({
  partition: sessionPartition(agentId, sessionId),
  sort: { from: messageSortKey(from), to: messageSortKey(to) },
});

const isSeq = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_MESSAGES;

const messagesOf = (rows: readonly Item[]): Message[] =>
  rows.filter((item) => seqOf(String(item[SORT_KEY])) !== undefined).map(messageFromItem);
