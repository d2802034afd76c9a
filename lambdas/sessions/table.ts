import { allOf, type Expression, isVacant, says } from '../shared/dynamodb/expressions.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import { toTtl } from '../shared/platform/clock.ts';
import { payloadHash } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import {
  expiryOf,
  MAX_MESSAGES,
  MAX_SESSION_MS,
  type Message,
  RECORD_RETENTION_MS,
  type SessionEnd,
  type SessionHead,
  type SessionSubject,
  ttlOf,
} from './session.ts';
import { type Note, type NoteKind, noteKinds, type RunningSummary } from './summary/summary.ts';

/**
 * Sessions in `agent_state`.
 *
 * - `session:{agentId}#{sessionId}` / `MSG#{seq}`, `TOP#HEAD`, `TOP#SUMMARY`: read backwards, one query gives the
 *   summary, the head and the newest messages.
 * - `agent:{agentId}` / `SESSION#{createdAt}#{sessionId}`: an agent's sessions, newest first.
 * - `user:{userId}` / `{agentId}#{createdAt}#{sessionId}`: a user's sessions with one agent. The agent comes first, so
 *   that no agent can page into another's sessions.
 * - `open-sessions#{0..7}` / `{agentId}#{sessionId}`: the sessions that are not over yet (open-table.ts).
 *
 * All rows of a session have the same ttl, fixed when it began: 37 days after its creation (its longest life of 30 days,
 * and a week). Its head alone decides whether it lives. The two list rows of a session that is over carry its record and
 * stay until 90 days after its end.
 */
const SEQ_DIGITS = 9;

export const HEAD = 'TOP#HEAD';
export const SUMMARY = 'TOP#SUMMARY';
const MESSAGE_PREFIX = 'MSG#';
/** Greater than every sort key of a session. */
export const AFTER_ALL = 'TOP#~';

export const sessionPartition = (agentId: string, sessionId: string): string =>
  `session:${agentId}#${sessionId}`;

/** @returns undefined when it is no key of a session */
export function sessionOfPartition(partition: string): { agentId: string; sessionId: string } | undefined {
  const [, agentId, sessionId] = /^session:([^#]+)#([^#]+)$/.exec(partition) ?? [];
  return agentId && sessionId ? { agentId, sessionId } : undefined;
}

export const messageSortKey = (seq: number): string =>
  `${MESSAGE_PREFIX}${String(seq).padStart(SEQ_DIGITS, '0')}`;

/** @returns undefined when it is the key of no message */
export const seqOf = (sortKey: string): number | undefined =>
  sortKey.startsWith(MESSAGE_PREFIX) ? Number(sortKey.slice(MESSAGE_PREFIX.length)) : undefined;

const inSession = (agentId: string, sessionId: string, sortKey: string) => ({
  [PARTITION_KEY]: sessionPartition(agentId, sessionId),
  [SORT_KEY]: sortKey,
});
export const headKey = (agentId: string, sessionId: string) => inSession(agentId, sessionId, HEAD);
export const summaryKey = (agentId: string, sessionId: string) => inSession(agentId, sessionId, SUMMARY);
export const messageKey = (agentId: string, sessionId: string, seq: number) =>
  inSession(agentId, sessionId, messageSortKey(seq));

const LISTED_PREFIX = 'SESSION#';
const listed = (createdAt: string, sessionId: string): string => `${createdAt}#${sessionId}`;

export const userPartition = (userId: string): string => `user:${userId}`;

/** Partition and prefix of an agent's list rows: of all its sessions, or of those with one user. */
export const listOf = (agentId: string, userId?: string) =>
  userId === undefined
    ? { partition: `agent:${agentId}`, prefix: LISTED_PREFIX }
    : { partition: userPartition(userId), prefix: `${agentId}#` };

export function listKey(agentId: string, position: string, userId?: string) {
  const { partition, prefix } = listOf(agentId, userId);
  return { [PARTITION_KEY]: partition, [SORT_KEY]: `${prefix}${position}` };
}

export const subjectOf = ({ userId, topic, metadata }: SessionSubject): SessionSubject => ({
  ...(userId !== undefined && { userId }),
  ...(topic !== undefined && { topic }),
  ...(metadata !== undefined && { metadata }),
});

/**
 * The head as it is stored. Times that an append has to compute with are numbers: `until` is set to now plus `lifeMs` in
 * the same expression, without a read before. `lastBy` is the end of the longest life a session can have.
 */
export function headToItem(head: SessionHead, hash: string | undefined): Item {
  const createdAt = Date.parse(head.createdAt);
  return {
    ...headKey(head.agentId, head.sessionId),
    ...subjectOf(head),
    createdAt: head.createdAt,
    lastSeq: head.lastSeq,
    active: Date.parse(head.lastActivityAt),
    lifeMs: head.expiresAfterSeconds * 1000,
    until: Date.parse(head.lastActivityAt) + head.expiresAfterSeconds * 1000,
    lastBy: createdAt + MAX_SESSION_MS,
    ttl: ttlOf(head),
    ...(hash !== undefined && { payloadHash: hash }),
  };
}

/** The head as it reads at `now`. */
export function headFromItem(item: Item, now: Date): SessionHead {
  const { agentId, sessionId } = sessionOfPartition(String(item[PARTITION_KEY]))!;
  const end = item['end'] as SessionEnd | undefined;
  const createdAt = String(item['createdAt']);
  const lastActivity = new Date(Number(item['active']));
  const expiresAfterSeconds = Number(item['lifeMs']) / 1000;
  const expiresAt = expiryOf(lastActivity, expiresAfterSeconds, createdAt);
  const over = end ? item['overBy'] === 'expiry' : expiresAt <= now;
  return {
    agentId,
    sessionId,
    ...subjectOf(item as SessionSubject),
    status: over ? 'expired' : end ? 'ended' : 'active',
    createdAt,
    lastActivityAt: lastActivity.toISOString(),
    expiresAfterSeconds,
    expiresAt: expiresAt.toISOString(),
    lastSeq: Number(item['lastSeq']),
    ...(end && { end }),
  };
}

/**
 * Takes the next number for a message and prolongs the session, without a read before.
 * @param token attribute that keeps the number, for a repeat with the same clientToken
 */
export const nextNumber = (now: Date, token: string | undefined): Expression => ({
  expression:
    'SET lastSeq = lastSeq + :one, #active = :now, #until = lifeMs + :now' +
    (token === undefined ? '' : ', #token = lastSeq + :one'),
  names: { '#active': 'active', '#until': 'until', ...(token !== undefined && { '#token': token }) },
  values: { ':one': 1, ':now': now.getTime() },
});

/** The session lives and has room for a message. @param earlier the number the token has; undefined: none */
export const hasNextNumber = (now: Date, token?: string, earlier?: number): Expression =>
  allOf(
    {
      expression: 'attribute_not_exists(#end) AND #until > :now AND lastBy > :now AND lastSeq < :most',
      names: { '#end': 'end', '#until': 'until' },
      values: { ':now': now.getTime(), ':most': MAX_MESSAGES },
    },
    ...(token === undefined ? [] : [says({ [token]: earlier })]),
  );

/** Neither an append nor an end has changed the head since it was read. */
export const isHeadAsRead = ({ lastSeq, lastActivityAt }: SessionHead): Expression =>
  says({ end: undefined, lastSeq, active: Date.parse(lastActivityAt) });

/** A session's list row. While it is open, its status and last activity are on its head only. */
export type ListedSession = SessionSubject & {
  readonly agentId: string;
  readonly sessionId: string;
  readonly createdAt: string;
  readonly expired?: boolean;
  readonly end?: SessionEnd;
};

/** The rows under which a session is listed; once it is over they carry its record. */
export function toListItems(head: SessionHead): Item[] {
  const position = listed(head.createdAt, head.sessionId);
  const row = {
    ...subjectOf(head),
    ...(head.end && { end: head.end, expired: head.status === 'expired' }),
    ttl: head.end ? toTtl(Date.parse(head.end.endedAt) + RECORD_RETENTION_MS) : ttlOf(head),
  };
  return [
    { ...listKey(head.agentId, position), ...row },
    ...(head.userId === undefined ? [] : [{ ...listKey(head.agentId, position, head.userId), ...row }]),
  ];
}

export function listedFromItem(agentId: string, item: Item): ListedSession {
  const [createdAt = '', sessionId = ''] = positionOf(item).split('#');
  return {
    agentId,
    sessionId,
    createdAt,
    ...subjectOf(item as SessionSubject),
    ...(item['end'] !== undefined && { end: item['end'] as SessionEnd, expired: item['expired'] === true }),
  };
}

/** `{createdAt}#{sessionId}` of a list row: the same in both lists. */
export const positionOf = (item: Item): string => {
  const parts = String(item[SORT_KEY]).split('#');
  return parts.slice(1).join('#');
};

/** Hash of a message's content: it tells a repeat of the message from another message with the same token. */
export const messageHash = ({ role, content, metadata }: Pick<Message, 'role' | 'content' | 'metadata'>) =>
  payloadHash({ role, content, metadata });

/** @param ttl of the head: all rows of a session share it */
export const messageToItem = (
  { agentId, sessionId }: Pick<SessionHead, 'agentId' | 'sessionId'>,
  message: Message,
  ttl: unknown,
): Item => ({
  ...messageKey(agentId, sessionId, message.seq),
  role: message.role,
  content: message.content,
  ...(message.metadata !== undefined && { metadata: message.metadata }),
  createdAt: message.createdAt,
  ttl,
});

export const messageFromItem = (item: Item): Message => ({
  seq: seqOf(String(item[SORT_KEY]))!,
  role: item['role'] as Message['role'],
  content: item['content'] as string,
  ...(item['metadata'] !== undefined && { metadata: item['metadata'] as Message['metadata'] }),
  createdAt: String(item['createdAt']),
});

/** Notes are stored as lists, kinds by their place: names would take more than the sentences. */
type StoredNote = [seq: number, kind: number, weight: number, text: string];

export const summaryToItem = (
  { agentId, sessionId }: Pick<SessionHead, 'agentId' | 'sessionId'>,
  { content, throughSeq, updatedAt }: RunningSummary,
  ttl: unknown,
): Item => ({
  ...summaryKey(agentId, sessionId),
  by: content.by,
  ...('notes' in content
    ? {
        notes: content.notes.map(({ seq, kind, weight, text }): StoredNote => [
          seq,
          noteKinds.indexOf(kind),
          weight,
          text,
        ]),
      }
    : { text: content.text }),
  throughSeq,
  updatedAt,
  ttl,
});

/** The stored summary is still this one; undefined: there is none. */
export const isSummaryAsRead = (summary: RunningSummary | undefined, now: Date): Expression =>
  summary ? says({ throughSeq: summary.throughSeq }) : isVacant(now);

export const summaryFromItem = (item: Item): RunningSummary => ({
  content:
    item['notes'] === undefined
      ? { by: String(item['by']), text: String(item['text']) }
      : {
          by: 'extractive',
          notes: (item['notes'] as StoredNote[]).map(([seq, kind, weight, text]): Note => ({
            seq,
            kind: noteKinds[kind] as NoteKind,
            weight,
            text,
          })),
        },
  throughSeq: Number(item['throughSeq']),
  updatedAt: String(item['updatedAt']),
});
