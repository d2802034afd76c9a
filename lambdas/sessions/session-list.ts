import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { decodePageToken, encodePageToken, isSortKeyPosition } from '../shared/dynamodb/page-token.ts';
import { isExpired } from '../shared/platform/clock.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { SessionEnd, SessionHead, SessionStatus, SessionSubject } from './session.ts';
import { headFromItem, headKey, type Item, listedFromItem, listKey, listOf, positionOf } from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/** One session in a list: what it was opened with, how it stands, and once it is over its record. */
export interface SessionSummary extends SessionSubject {
  readonly agentId: string;
  readonly sessionId: string;
  readonly status: SessionStatus;
  readonly createdAt: string;
  /** While it is active, and until its record is made. */
  readonly lastActivityAt?: string;
  readonly end?: SessionEnd;
}

export interface SessionQuery {
  /** Only sessions with this user. */
  readonly userId?: string;
  readonly maxResults?: number;
  readonly nextToken?: string;
}

/** An agent's sessions, and a user's sessions with one agent: its own, nobody else's. */
export class SessionList {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /**
   * Newest first, strongly consistent: one query, and one batch of reads for the heads of those that are not over,
   * because an append writes no list row (1 read unit each). Sessions are listed until 90 days after their end.
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
    const { Items = [], LastEvaluatedKey } = await this.#table.documents.send(
      new QueryCommand({
        TableName: this.#table.name,
        ConsistentRead: true,
        ScanIndexForward: false,
        KeyConditionExpression: '#pk = :pk AND begins_with(#sk, :prefix)',
        ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
        ExpressionAttributeValues: { ':pk': partition, ':prefix': prefix },
        ExclusiveStartKey: after === undefined ? undefined : listKey(agentId, after, userId),
        // One more than asked for tells whether there is a next page.
        Limit: maxResults + 1,
      }),
    );
    const page = Items.slice(0, maxResults);
    const last = page.at(-1);
    const more = Items.length > maxResults || LastEvaluatedKey !== undefined;
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
    const items = await getAll(this.#table.documents, this.#table.name, open);
    const read = items.map((item) => headFromItem(item, now));
    const heads = new Map([...(known ? [known] : []), ...read].map((head) => [head.sessionId, head]));
    return live.flatMap(({ expired, ...session }): SessionSummary[] => {
      if (session.end) return [{ ...session, status: expired ? 'expired' : 'ended' }];
      const head = heads.get(session.sessionId);
      // Collected between the two reads, a month after its time: there is nothing left of it.
      if (!head) return [];
      const { status, lastActivityAt, end } = head;
      return [{ ...session, status, lastActivityAt, ...(end && { end }) }];
    });
  }
}
