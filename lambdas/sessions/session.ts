import type * as z from 'zod';
import { NotFoundError } from '../shared/errors.ts';
import { DAY_MS, toTtl } from '../shared/platform/clock.ts';
import type { endSchema, messageSchema, sessionSchema } from './contract.ts';

/** The longest life of a session, however active: the ttl of its messages, fixed when it began, is never earlier. */
export const MAX_SESSION_MS = 30 * DAY_MS;
/** Rows of a session stay for this long after the latest moment it could have lived; then DynamoDB collects them. */
export const COLLECTED_AFTER_MS = MAX_SESSION_MS + 7 * DAY_MS;
/** The record of a session, with its analytics, is kept for this long after its end. */
export const RECORD_RETENTION_MS = 90 * DAY_MS;
/** The end reads every message once, within one request. */
export const MAX_MESSAGES = 10_000;
/** The head is written with every message: all it holds is paid for each time. */
export const MAX_METADATA_BYTES = 2 * 1024;

/** A session as it stands; `end` is there once it is over and its record is made. */
export type SessionHead = z.output<typeof sessionSchema>;
/** The attributes a session was opened with. */
export type SessionSubject = Pick<SessionHead, 'userId' | 'topic' | 'metadata'>;
export type SessionEnd = z.output<typeof endSchema>;
export type SessionAnalytics = SessionEnd['analytics'];
/** Count, mean, and the extremes of a measure; a mean of nothing is `null`. */
export type Measure = SessionAnalytics['confidence'];

/** A message; `seq` is its place in the session, ascending, and numbers may be missing. */
export type Message = z.output<typeof messageSchema>;
export type NewMessage = Pick<Message, 'role' | 'content' | 'metadata'>;

export const noSession = (agentId: string, sessionId: string) =>
  new NotFoundError(`Agent ${agentId} has no session ${sessionId}`);

export const expiryOf = (lastActivity: Date, expiresAfterSeconds: number, createdAt: string): Date =>
  new Date(
    Math.min(lastActivity.getTime() + expiresAfterSeconds * 1000, Date.parse(createdAt) + MAX_SESSION_MS),
  );

/** When DynamoDB may collect the rows of a session, seconds since the epoch: the same for all of them. */
export const ttlOf = ({ createdAt }: Pick<SessionHead, 'createdAt'>): number =>
  toTtl(Date.parse(createdAt) + COLLECTED_AFTER_MS);
