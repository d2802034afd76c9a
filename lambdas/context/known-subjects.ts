import type { SessionHead, SessionSubject } from '../sessions/session.ts';

/** A hundred bytes or so each. */
const MAX_REMEMBERED = 10_000;

/**
 * Whom sessions are with and what they are about, of those an instance has read: neither ever changes. So what depends
 * on it can be asked for while the session is read, and is used if that is what the session says.
 */
export class KnownSubjects {
  readonly #subjects = new Map<string, SessionSubject>();

  of(agentId: string, sessionId: string | undefined): SessionSubject | undefined {
    return this.#subjects.get(nameOf(agentId, sessionId));
  }

  note({ agentId, sessionId, topic, userId }: SessionHead): void {
    if (this.#subjects.size >= MAX_REMEMBERED) this.#subjects.clear();
    this.#subjects.set(nameOf(agentId, sessionId), {
      ...(topic !== undefined && { topic }),
      ...(userId !== undefined && { userId }),
    });
  }
}

const nameOf = (agentId: string, sessionId: string | undefined): string => `${agentId}#${sessionId}`;
