import type { SessionList, SessionSummary } from '../sessions/session-list.ts';
import type { SessionReader } from '../sessions/session-reader.ts';
import { textOf } from '../sessions/summary.ts';
import { MAX_SESSION_MS, type SessionHead } from '../sessions/session.ts';
import { NotFoundError } from '../shared/errors.ts';
import { BoundedMap } from '../shared/platform/bounded-map.ts';
import { type Clock, DAY_MS, MINUTE_MS } from '../shared/platform/clock.ts';
import { RELEVANT_DAYS } from './ranking.ts';

/** Sessions of an agent that are looked at, the newest. */
const MAX_SESSIONS = 500;
/** Of those, how many are asked for at once; and of those with one user, how many are looked at. */
const PAGE = 100;
/** One that was opened longer ago cannot have had any activity in the days that count. */
const MAX_AGE_MS = MAX_SESSION_MS + RELEVANT_DAYS * DAY_MS;
/** Of those on the topic, whose summaries are read. */
const MAX_ON_TOPIC = 5;
/** How long one instance relies on the newest page; a session on the same topic is rarely the last minute's. */
const NEWEST_TRUSTED_MS = MINUTE_MS;
/** And on those before it: whoever opens one puts it on the newest page. */
const ALL_TRUSTED_MS = 15 * MINUTE_MS;
/** Summaries of sessions that are over, which no longer change, and lists: what one warm instance remembers. */
const MAX_REMEMBERED = 500;

/** An agent's sessions of the last seven days on one topic. */
export interface OnTopic {
  /** Of all of them, the current one included: what was decided in them is about the topic too. */
  readonly sessionIds: ReadonlySet<string>;
  /** The newest that have a summary, without the current one and those with another user. */
  readonly summaries: readonly PastSession[];
  /** False when the agent had more sessions in these days than were looked at. */
  readonly areAll: boolean;
}

export const NO_TOPIC: OnTopic = { sessionIds: new Set(), summaries: [], areAll: true };

/** A session that is over or goes on elsewhere, and what was said in it, in short. */
export interface PastSession extends Pick<SessionSummary, 'sessionId' | 'agentId' | 'topic'> {
  /** When it ended, or when something was last said. */
  readonly lastAt: string;
  readonly summary: string;
}

interface Listed {
  readonly allAt: number;
  readonly newestAt: number;
  /** The newest opened first. */
  readonly sessions: readonly SessionSummary[];
  /** Those that were there at `newestAt`. */
  readonly isThere: ReadonlySet<string>;
  /** There are no older ones that could count. */
  readonly isEnd: boolean;
}

/**
 * Finds sessions on a topic that ended, or went on, in the last seven days: among the newest five hundred of an agent
 * that were opened in the last 37, which no session outlives by more. Some 15 read units for each hundred that are
 * over, once a quarter of an hour and instance; those opened since once a minute; and one query (about 1) for each
 * summary that is not known yet, or that no list has told of for a minute: a session may have been erased. Of an agent
 * with more than five hundred sessions in seven days, the newest hundred with the user are looked at as well.
 */
export class PastSessions {
  readonly #list: SessionList;
  readonly #reader: SessionReader;
  readonly #clock: Clock;
  readonly #lists = new BoundedMap<string, Listed>(MAX_REMEMBERED);
  readonly #summaries = new BoundedMap<string, { readonly at: number; readonly text: string }>(
    MAX_REMEMBERED,
  );

  constructor(list: SessionList, reader: SessionReader, clock: Clock) {
    this.#list = list;
    this.#reader = reader;
    this.#clock = clock;
  }

  /**
   * @param current left out: it is shown itself. What was said with another user stays out as well; where either user
   * is unknown, nothing does
   * @param isLikely whether it will turn out to have a topic: then they are asked for while it is read
   */
  async onTopic(
    agentId: string,
    current: Promise<SessionHead | undefined>,
    isLikely = false,
  ): Promise<OnTopic> {
    const early = isLikely ? this.#sessions(agentId, current) : undefined;
    // Waited for below, and until then nobody's.
    early?.catch(() => undefined);
    const head = await current;
    if (head?.topic === undefined) return NO_TOPIC;
    const { sessionId: currentId, topic, userId } = head;
    const from = new Date(this.#clock().getTime() - RELEVANT_DAYS * DAY_MS).toISOString();
    const same = topic.trim().toLowerCase();
    const reachesBack = ({ isEnd, sessions }: Listed): boolean =>
      isEnd || (sessions.at(-1)?.createdAt ?? from) < from;
    const ofAgent = await (early ?? this.#sessions(agentId, current));
    const ofUser =
      userId === undefined || reachesBack(ofAgent)
        ? undefined
        : await this.#sessions(agentId, current, userId);
    const listed = [ofAgent, ...(ofUser ? [ofUser] : [])];
    const byId = new Map(listed.flatMap(({ sessions }) => sessions.map((one) => [one.sessionId, one])));
    const sessions = [...byId.values()]
      .filter((session) => session.topic?.trim().toLowerCase() === same && lastOf(session) >= from)
      .sort((a, b) => (lastOf(a) < lastOf(b) ? 1 : -1));
    const others = sessions
      .filter(({ sessionId, userId: its }) => sessionId !== currentId && !areDifferent(userId, its))
      .slice(0, MAX_ON_TOPIC);
    const found = await Promise.all(
      others.map(async (session) => ({
        ...session,
        lastAt: lastOf(session),
        summary: await this.#summaryOf(
          session,
          listed.some(({ isThere }) => isThere.has(session.sessionId)),
        ),
      })),
    );
    return {
      sessionIds: new Set([...sessions.map(({ sessionId }) => sessionId), currentId]),
      summaries: found.filter(({ summary }) => summary !== ''),
      areAll: reachesBack(ofUser ?? ofAgent),
    };
  }

  /** The newest of the agent; or a page of those with one user. */
  async #sessions(agentId: string, head: Promise<SessionHead | undefined>, userId?: string): Promise<Listed> {
    const now = this.#clock().getTime();
    const name = JSON.stringify([agentId, userId]);
    const most = userId === undefined ? MAX_SESSIONS : PAGE;
    const known = this.#lists.get(name);
    const earlier = known && now - known.allAt < ALL_TRUSTED_MS ? known : undefined;
    if (earlier && now - earlier.newestAt < NEWEST_TRUSTED_MS) return earlier;
    const { newest, isEnd, hasMet } = await this.#newest(agentId, userId, most, head, earlier?.sessions);
    const isThere = new Set(newest.map(({ sessionId }) => sessionId));
    const before = hasMet ? earlier : undefined;
    const older = before?.sessions.filter(({ sessionId }) => !isThere.has(sessionId)) ?? [];
    const sessions = [...newest, ...older];
    const listed: Listed = {
      allAt: before?.allAt ?? now,
      newestAt: now,
      sessions: sessions.slice(0, most),
      isThere,
      isEnd: (isEnd || before?.isEnd === true) && sessions.length <= most,
    };
    this.#lists.set(name, listed);
    return listed;
  }

  /** Page by page, down to one that has a session of those known before. */
  async #newest(
    agentId: string,
    userId: string | undefined,
    most: number,
    head: Promise<SessionHead | undefined>,
    before: readonly SessionSummary[] = [],
  ): Promise<{ newest: SessionSummary[]; isEnd: boolean; hasMet: boolean }> {
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
      const hasMet = items.some(({ sessionId }) => known.has(sessionId));
      if (isEnd || hasMet) return { newest, isEnd, hasMet };
      nextToken = next;
    }
    return { newest, isEnd: false, hasMet: false };
  }

  /** Empty where there is none: a short session never got one, and an erased one has it no more. */
  async #summaryOf({ agentId, sessionId, status, end }: SessionSummary, isThere: boolean): Promise<string> {
    const now = this.#clock().getTime();
    const name = `${agentId}#${sessionId}`;
    const known = this.#summaries.get(name);
    if (known && (isThere || now - known.at < NEWEST_TRUSTED_MS)) return known.text;
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

/** Nobody known is nobody else. */
const areDifferent = (user: string | undefined, other: string | undefined): boolean =>
  user !== undefined && other !== undefined && user !== other;

const lastOf = ({ end, lastActivityAt, createdAt }: SessionSummary): string =>
  end?.endedAt ?? lastActivityAt ?? createdAt;
