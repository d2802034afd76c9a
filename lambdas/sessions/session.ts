import { DAY_MS } from '../shared/platform/clock.ts';
import type { JsonValue } from '../shared/schema/fields.ts';

type FreeForm = Record<string, JsonValue>;

export const roles = ['user', 'assistant', 'system', 'tool'] as const;
export type Role = (typeof roles)[number];

/** `expired` is a session nobody ended, from the instant its time was up; whether it was swept makes no difference. */
export const sessionStatuses = ['active', 'ended', 'expired'] as const;
export type SessionStatus = (typeof sessionStatuses)[number];

/** A session expires this long after its last activity; shorter ones would race their own appends. */
export const MIN_EXPIRY_SECONDS = 60;
export const MAX_EXPIRY_SECONDS = 7 * 86_400;
/** However active, a session lives so long: then its messages' ttl, fixed when it began, cannot overtake it. */
export const MAX_SESSION_MS = 30 * DAY_MS;
/** Rows of a session stay for this long after the latest moment it could have lived; then DynamoDB collects them. */
export const COLLECTED_AFTER_MS = MAX_SESSION_MS + 7 * DAY_MS;
/** The record of a session, its analytics among it, is kept so long after its end. */
export const RECORD_RETENTION_MS = 90 * DAY_MS;
/** The end reads every message once, within one request. */
export const MAX_MESSAGES = 10_000;
/** The head is written with every message: what it holds is paid for each time. */
export const MAX_METADATA_BYTES = 2 * 1024;

/** What a session was opened with. */
export interface SessionSubject {
  /** Whom the agent talks to. */
  readonly userId?: string;
  /** What it is about: a symbol, a customer, a ticket. */
  readonly topic?: string;
  readonly metadata?: FreeForm;
}

/** Times of a session, which decide whether it lives. */
export interface SessionClock {
  readonly createdAt: string;
  readonly lastActivityAt: string;
  readonly expiresAfterSeconds: number;
  /** The instant from which the session is gone unless there is activity before. */
  readonly expiresAt: string;
}

export interface SessionHead extends SessionSubject, SessionClock {
  readonly agentId: string;
  /** `SESSION-{ULID}`, or `SESSION-{hash}` of a clientToken. */
  readonly sessionId: string;
  readonly status: SessionStatus;
  /** Sequence number of the newest message; numbers may be missing below it. 0 while there is none. */
  readonly lastSeq: number;
  /** Once it is over and its record is made. */
  readonly end?: SessionEnd;
}

/** How a session came to its end, and what it was like. */
export interface SessionEnd {
  /** The instant of the end; of an expired session, the instant it expired. */
  readonly endedAt: string;
  /** What the caller said, or `expired`. */
  readonly reason: string;
  readonly analytics: SessionAnalytics;
}

/** Count, mean, and the extremes of a measure; a mean of nothing is `null`. */
export interface Measure {
  readonly count: number;
  readonly mean: number | null;
  readonly min: number | null;
  readonly max: number | null;
}

export interface SessionAnalytics {
  readonly messages: number;
  /** Messages of the user. */
  readonly queries: number;
  /** Queries that were answered: a turn is a user's messages and the assistant's next one. */
  readonly turns: number;
  /** From the session's creation to its last message, in seconds. */
  readonly durationSeconds: number;
  /** From a turn's last query to its answer, in milliseconds. */
  readonly responseTimeMs: Measure;
  /** `metadata.confidence` of the assistant's messages, 0..1. */
  readonly confidence: Measure;
  /** `metadata.sources` of all messages, how often each, the 20 most used. */
  readonly sources: Readonly<Record<string, number>>;
  /** `metadata.collections`, likewise. */
  readonly collections: Readonly<Record<string, number>>;
}

export interface NewMessage {
  readonly role: Role;
  readonly content: string;
  readonly metadata?: FreeForm;
}

export interface Message extends NewMessage {
  /** Place in the session: ascending, numbers may be missing. */
  readonly seq: number;
  readonly createdAt: string;
}

export const expiryOf = (lastActivity: Date, expiresAfterSeconds: number, createdAt: string): Date =>
  new Date(
    Math.min(lastActivity.getTime() + expiresAfterSeconds * 1000, Date.parse(createdAt) + MAX_SESSION_MS),
  );
