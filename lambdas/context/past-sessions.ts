import type { SessionList, SessionSummary } from '../sessions/session-list.ts';
import type { SessionReader } from '../sessions/session-reader.ts';
import { textOf } from '../sessions/summary.ts';
import { type Clock, DAY_MS, MINUTE_MS } from '../shared/platform/clock.ts';
import { RELEVANT_DAYS } from './ranking.ts';

/** Sessions of an agent that are looked at, the newest. */
const MAX_SESSIONS = 100;
/** Of those on the topic, whose summaries are read. */
const MAX_ON_TOPIC = 5;
/** How long one instance relies on the list; a session on the same topic is rarely the last minute's. */
const LIST_TRUSTED_MS = MINUTE_MS;
/** Summaries of sessions that are over, which no longer change, and lists: what one warm instance remembers. */
const MAX_REMEMBERED = 500;

/** An agent's sessions of the last seven days on one topic. */
export interface OnTopic {
  /** Of all of them, the current one included: what was decided in them is about the topic too. */
  readonly sessionIds: ReadonlySet<string>;
  /** The newest that have a summary, without the current one. */
  readonly summaries: readonly PastSession[];
}

export const NO_TOPIC: OnTopic = { sessionIds: new Set(), summaries: [] };

/** A session that is over or goes on elsewhere, and what was said in it, in short. */
export interface PastSession extends Pick<SessionSummary, 'sessionId' | 'agentId' | 'topic' | 'createdAt'> {
  readonly summary: string;
}

/**
 * Finds sessions on a topic among the newest hundred of an agent. One query for the list, at most once a minute and
 * instance (some 15 read units for a hundred that are over), and one for each summary not known yet (about 1).
 */
export class PastSessions {
  readonly #list: SessionList;
  readonly #reader: SessionReader;
  readonly #clock: Clock;
  readonly #lists = new Map<string, { readonly at: number; readonly sessions: readonly SessionSummary[] }>();
  readonly #summaries = new Map<string, string>();

  constructor(list: SessionList, reader: SessionReader, clock: Clock) {
    this.#list = list;
    this.#reader = reader;
    this.#clock = clock;
  }

  /** @param current left out: it is shown itself */
  async onTopic(agentId: string, topic: string, current: string | undefined): Promise<OnTopic> {
    const from = new Date(this.#clock().getTime() - RELEVANT_DAYS * DAY_MS).toISOString();
    const same = topic.trim().toLowerCase();
    const sessions = (await this.#sessions(agentId)).filter(
      ({ createdAt, topic: its }) => createdAt >= from && its?.trim().toLowerCase() === same,
    );
    const others = sessions.filter(({ sessionId }) => sessionId !== current).slice(0, MAX_ON_TOPIC);
    const found = await Promise.all(
      others.map(async (session) => ({ ...session, summary: await this.#summaryOf(session) })),
    );
    return {
      sessionIds: new Set([...sessions.map(({ sessionId }) => sessionId), ...(current ? [current] : [])]),
      summaries: found.filter(({ summary }) => summary !== ''),
    };
  }

  async #sessions(agentId: string): Promise<readonly SessionSummary[]> {
    const now = this.#clock().getTime();
    const known = this.#lists.get(agentId);
    if (known && now - known.at < LIST_TRUSTED_MS) return known.sessions;
    const { items } = await this.#list.list(agentId, { maxResults: MAX_SESSIONS });
    remember(this.#lists, agentId, { at: now, sessions: items });
    return items;
  }

  /** Empty where there is none: a short session never got one. */
  async #summaryOf({ agentId, sessionId, status, end }: SessionSummary): Promise<string> {
    const name = `${agentId}#${sessionId}`;
    const known = this.#summaries.get(name);
    if (known !== undefined) return known;
    const { summary } = await this.#reader.opening(agentId, sessionId);
    const text = summary ? textOf(summary.content) : '';
    if (status !== 'active' && end) remember(this.#summaries, name, text);
    return text;
  }
}

function remember<Value>(all: Map<string, Value>, name: string, value: Value): void {
  if (all.size >= MAX_REMEMBERED) all.clear();
  all.set(name, value);
}
