import type { SessionHead, SessionSubject } from '../sessions/session.ts';
import { BoundedMap } from '../shared/platform/bounded-map.ts';

/** Half a KB each at most. */
const MAX_REMEMBERED = 10_000;

/**
 * Whom sessions are with and what they are about, of those an instance has read. Neither changes while a session lives,
 * so what depends on it can be asked for while the session is read; but an id can be another session's by now, so what
 * was found is used only if the session says the same.
 */
export class KnownSubjects {
  readonly #subjects = new BoundedMap<string, SessionSubject>(MAX_REMEMBERED);

  of(agentId: string, sessionId: string | undefined): SessionSubject | undefined {
    return this.#subjects.get(nameOf(agentId, sessionId));
  }

  note({ agentId, sessionId, topic, userId }: SessionHead): void {
    this.#subjects.set(nameOf(agentId, sessionId), {
      ...(topic !== undefined && { topic }),
      ...(userId !== undefined && { userId }),
    });
  }
}

const nameOf = (agentId: string, sessionId: string | undefined): string => `${agentId}#${sessionId}`;
