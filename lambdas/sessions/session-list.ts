import type * as z from 'zod';
import { AnswerRoom } from '../shared/answer-room.ts';
import { decodePageToken, encodePageToken, isSortKeyPosition } from '../shared/dynamodb/page-token.ts';
import type { Item, Table } from '../shared/dynamodb/table.ts';
import { isExpired } from '../shared/platform/clock.ts';
import type { listedSessionSchema, sessionQuerySchema } from './contract.ts';
import type { SessionHead } from './session.ts';
import { headFromItem, headKey, listedFromItem, listKey, listOf, positionOf } from './table.ts';

/** One session in a list: its subject and status, and once it is over its record. */
export type SessionSummary = z.output<typeof listedSessionSchema>;
export type SessionQuery = z.output<typeof sessionQuerySchema>;

/** An agent's sessions, or those with one user: never another agent's. */
export class SessionList {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /**
   * Newest first, strongly consistent. One query, then one batch of reads for the heads of open sessions (1 read unit
   * each), because an append writes no list row. Sessions are listed until 90 days after their end.
   *
   * @param known a head that is being read anyway; never fails
   */
  async list(
    agentId: string,
    { userId, maxResults = 20, nextToken }: SessionQuery,
    known?: Promise<SessionHead | undefined>,
  ) {
    const query = ['sessions', agentId, userId ?? null];
    const after = decodePageToken(query, nextToken, isSortKeyPosition);
    const { partition, prefix } = listOf(agentId, userId);
    const { items: rows, last: next } = await this.#table.query({
      partition,
      sort: { prefix },
      descending: true,
      ...(after !== undefined && { start: listKey(agentId, after, userId) }),
      // One more than asked for tells whether there is a next page.
      limit: maxResults + 1,
      // A page ends at a row, expired or not.
      keepExpired: true,
    });
    // The row has all but the heads of open sessions, which are small.
    const page = new AnswerRoom().takeLeading(rows, maxResults);
    const last = page.at(-1);
    const more = rows.length > page.length || next !== undefined;
    return {
      items: await this.#withStatus(agentId, page, await known),
      nextToken: more && last ? encodePageToken(query, positionOf(last)) : null,
    };
  }

  async #withStatus(
    agentId: string,
    rows: readonly Item[],
    known: SessionHead | undefined,
  ): Promise<SessionSummary[]> {
    const now = this.#table.clock();
    const live = rows.filter((row) => !isExpired(row, now)).map((row) => listedFromItem(agentId, row));
    const open = live
      .filter(({ sessionId, end }) => !end && sessionId !== known?.sessionId)
      .map(({ sessionId }) => headKey(agentId, sessionId));
    const read = (await this.#table.getAll(open)).map((item) => headFromItem(item, now));
    const heads = new Map([...(known ? [known] : []), ...read].map((head) => [head.sessionId, head]));
    return live.flatMap(({ expired, ...session }): SessionSummary[] => {
      if (session.end) return [{ ...session, status: expired ? 'expired' : 'ended' }];
      const head = heads.get(session.sessionId);
      // Collected between the two reads, a month after it expired.
      if (!head) return [];
      const { status, lastActivityAt, end } = head;
      return [{ ...session, status, lastActivityAt, ...(end && { end }) }];
    });
  }
}
