import type { SessionList, SessionSummary } from '../sessions/session-list.ts';
import type { SessionReader } from '../sessions/session-reader.ts';
import { textOf } from '../sessions/summary/summary.ts';
import { MAX_SESSION_MS, type SessionHead } from '../sessions/session.ts';
import { NotFoundError } from '../shared/errors.ts';
import { BoundedMap } from '../shared/platform/bounded-map.ts';
import { type Clock, DAY_MS, MINUTE_MS } from '../shared/platform/clock.ts';
import { RELEVANT_DAYS } from './ranking.ts';

/** The newest sessions of an agent that are read. */
const MAX_SESSIONS = 500;
/** Sessions in one page, and the newest sessions with one user that are read. */
const PAGE = 100;
/** A session opened longer ago cannot have had any activity in the days that count. */
const MAX_AGE_MS = MAX_SESSION_MS + RELEVANT_DAYS * DAY_MS;
/** Sessions on the topic whose summaries are read. */
const MAX_ON_TOPIC = 5;
/** How long one instance trusts the newest page. A session on the same topic is rarely from the last minute. */
const NEWEST_TRUSTED_MS = MINUTE_MS;
/** How long it trusts the pages before. A session that is opened appears on the newest page. */
const ALL_TRUSTED_MS = 15 * MINUTE_MS;
/** Lists, and summaries of sessions that are over and no longer change, that one warm instance caches. */
const MAX_CACHED = 500;

/** The session a context is for, as far as the search for others depends on it. */
export interface CurrentSession {
  readonly sessionId: string;
  readonly topic: string | undefined;
  readonly userId: string | undefined;
}

/** An agent's sessions of the last seven days on one topic. */
export interface SessionsOnTopic {
  /** All of them, the current one included. Decisions made in them are about the topic too. */
  readonly sessionIds: ReadonlySet<string>;
  /** The newest that have a summary, without the current one and those with another user. */
  readonly summaries: readonly PastSession[];
  /** False when the agent had more sessions in these days than were read. */
  readonly isComplete: boolean;
}

export const NO_TOPIC: SessionsOnTopic = { sessionIds: new Set(), summaries: [], isComplete: true };

/** A session that is over or goes on elsewhere, with its summary. */
export interface PastSession extends Pick<SessionSummary, 'sessionId' | 'agentId' | 'topic'> {
  /** When it ended, or its last activity. */
  readonly lastAt: string;
  readonly summary: string;
}

interface Listed {
  /** When the oldest of the pages was read. */
  readonly allAt: number;
  /** When the newest page was read. */
  readonly newestAt: number;
  /** The newest opened first. */
  readonly sessions: readonly SessionSummary[];
  /** Sessions that existed at `newestAt`. */
  readonly seenIds: ReadonlySet<string>;
  /** There are no older sessions that could count. */
  readonly isEnd: boolean;
}

/**
 * Finds sessions on a topic that ended, or had activity, in the last seven days. It reads the newest five hundred of an
 * agent that were opened in the last 37 days: a session lives for 30 at most. Where those do not reach back seven days,
 * it reads the newest hundred with the user as well.
 *
 * Costs per instance: some 15 read units for each hundred sessions that are over, once a quarter of an hour. Newly
 * opened sessions are read once a minute. Each summary costs one query (about 1 unit), unless it is cached and a list
 * showed its session within a minute: the session may have been erased.
 */
export class PastSessions {
  readonly #list: SessionList;
  readonly #reader: SessionReader;
  readonly #clock: Clock;
  readonly #lists = new BoundedMap<string, Listed>(MAX_CACHED);
  readonly #summaries = new BoundedMap<string, { readonly at: number; readonly text: string }>(MAX_CACHED);

  constructor(list: SessionList, reader: SessionReader, clock: Clock) {
    this.#list = list;
    this.#reader = reader;
    this.#clock = clock;
  }

  /**
   * @param current without a summary in the answer, because it is shown itself. Summaries of sessions with another user
   * stay out as well; a session without a user counts as any user's
   * @param head of the current session, while it is being read; never fails. It spares the list a read of the same head
   */
  async onTopic(
    agentId: string,
    { sessionId: currentId, topic, userId }: CurrentSession,
    head: Promise<SessionHead | undefined>,
  ): Promise<SessionsOnTopic> {
    if (topic === undefined) return NO_TOPIC;
    const from = new Date(this.#clock().getTime() - RELEVANT_DAYS * DAY_MS).toISOString();
    const same = topic.trim().toLowerCase();
    const reachesBack = ({ isEnd, sessions }: Listed): boolean =>
      isEnd || (sessions.at(-1)?.createdAt ?? from) < from;
    const ofAgent = await this.#sessions(agentId, head);
    const ofUser =
      userId === undefined || reachesBack(ofAgent) ? undefined : await this.#sessions(agentId, head, userId);
    const listed = [ofAgent, ...(ofUser ? [ofUser] : [])];
    const byId = new Map(listed.flatMap(({ sessions }) => sessions.map((one) => [one.sessionId, one])));
    const sessions = [...byId.values()]
      .filter((session) => session.topic?.trim().toLowerCase() === same && lastOf(session) >= from)
      .sort((a, b) => (lastOf(a) < lastOf(b) ? 1 : -1));
    const others = sessions
      .filter((other) => other.sessionId !== currentId && !areDifferent(userId, other.userId))
      .slice(0, MAX_ON_TOPIC);
    const found = await Promise.all(
      others.map(async (session) => ({
        ...session,
        lastAt: lastOf(session),
        summary: await this.#summaryOf(
          session,
          listed.some(({ seenIds }) => seenIds.has(session.sessionId)),
        ),
      })),
    );
    return {
      sessionIds: new Set([...sessions.map(({ sessionId }) => sessionId), currentId]),
      summaries: found.filter(({ summary }) => summary !== ''),
      isComplete: reachesBack(ofUser ?? ofAgent),
    };
  }

  /** The newest sessions of the agent, or a page of those with one user. */
  async #sessions(agentId: string, head: Promise<SessionHead | undefined>, userId?: string): Promise<Listed> {
    const now = this.#clock().getTime();
    const name = JSON.stringify([agentId, userId]);
    const most = userId === undefined ? MAX_SESSIONS : PAGE;
    const known = this.#lists.get(name);
    const earlier = known && now - known.allAt < ALL_TRUSTED_MS ? known : undefined;
    if (earlier && now - earlier.newestAt < NEWEST_TRUSTED_MS) return earlier;
    const { newest, isEnd, meetsKnown } = await this.#newest(agentId, userId, most, head, earlier?.sessions);
    const seenIds = new Set(newest.map(({ sessionId }) => sessionId));
    const before = meetsKnown ? earlier : undefined;
    const older = before?.sessions.filter(({ sessionId }) => !seenIds.has(sessionId)) ?? [];
    const sessions = [...newest, ...older];
    const listed: Listed = {
      allAt: before?.allAt ?? now,
      newestAt: now,
      sessions: sessions.slice(0, most),
      seenIds,
      isEnd: (isEnd || before?.isEnd === true) && sessions.length <= most,
    };
    this.#lists.set(name, listed);
    return listed;
  }

  /** Page by page, down to the first page with a session that was known before. */
  async #newest(
    agentId: string,
    userId: string | undefined,
    most: number,
    head: Promise<SessionHead | undefined>,
    before: readonly SessionSummary[] = [],
  ): Promise<{ newest: SessionSummary[]; isEnd: boolean; meetsKnown: boolean }> {
    const oldest = new Date(this.#clock().getTime() - MAX_AGE_MS).toISOString();
    const known = new Set(before.map(({ sessionId }) => sessionId));
    const newest: SessionSummary[] = [];
    let nextToken: string | undefined;
    for (let read = 0; read < most; read += PAGE) {
      const query = {
        maxResults: PAGE,
        ...(userId !== undefined && { userId }),
        ...(nextToken !== undefined && { nextToken }),
      };
      const { items, nextToken: next } = await this.#list.list(agentId, query, head);
      newest.push(...items);
      const isEnd = next === null || items.some(({ createdAt }) => createdAt < oldest);
      const meetsKnown = items.some(({ sessionId }) => known.has(sessionId));
      if (isEnd || meetsKnown) return { newest, isEnd, meetsKnown };
      nextToken = next;
    }
    return { newest, isEnd: false, meetsKnown: false };
  }

  /** Empty where there is none: a short session never got one, and an erased one has lost it. */
  async #summaryOf({ agentId, sessionId, status, end }: SessionSummary, isSeen: boolean): Promise<string> {
    const now = this.#clock().getTime();
    const name = `${agentId}#${sessionId}`;
    const known = this.#summaries.get(name);
    if (known && (isSeen || now - known.at < NEWEST_TRUSTED_MS)) return known.text;
    const text = await this.#reader.opening(agentId, sessionId).then(
      ({ summary }) => (summary ? textOf(summary.content) : ''),
      (error: unknown) => {
        if (error instanceof NotFoundError) return '';
        throw error;
      },
    );
    if (status !== 'active' && end) this.#summaries.set(name, { at: now, text });
    return text;
  }
}

/** An unknown user counts as the same user. */
const areDifferent = (user: string | undefined, other: string | undefined): boolean =>
  user !== undefined && other !== undefined && user !== other;

const lastOf = ({ end, lastActivityAt, createdAt }: SessionSummary): string =>
  end?.endedAt ?? lastActivityAt ?? createdAt;
