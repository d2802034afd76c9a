import { isDeepStrictEqual } from 'node:util';
import type { Hit } from '../memories/search/ranking.ts';
import type { ResumedSession } from '../sessions/session-reader.ts';
import type { SessionHead } from '../sessions/session.ts';
import { BoundedMap } from '../shared/platform/bounded-map.ts';
import type { ContextRequest } from './contract.ts';
import { wantedMemories } from './need.ts';
import { type CurrentSession, NO_TOPIC, type SessionsOnTopic } from './past-sessions.ts';
import type { WantedMemories } from './relevant-memories.ts';
import type { Sources } from './sources.ts';

/** Half a KB each at most. */
const MAX_CACHED = 10_000;

/** The parts of a context that need the session first. */
export interface SessionParts {
  memories(wanted: WantedMemories): Promise<readonly Hit[]>;
  sessionsOnTopic(head: SessionHead | undefined): Promise<SessionsOnTopic>;
}

/**
 * Starts the parts that need the session while the session is still being read. This saves a round trip and changes no
 * answer, so a first reading can skip this file: `memories` and `sessionsOnTopic` are the sources of that name.
 *
 * Topic and user of a session never change while it lives, so the last read tells them. A session id can belong to
 * another session by now. So a result found early counts only if the session has the topic and user that were guessed.
 */
export class SessionPrefetch {
  readonly #sources: Sources;
  readonly #lastRead = new BoundedMap<string, CurrentSession>(MAX_CACHED);

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** @param reading the session of the request; undefined when it names none */
  start(
    agentId: string,
    request: ContextRequest,
    reading: Promise<ResumedSession> | undefined,
  ): SessionParts {
    const sources = this.#sources;
    if (!reading)
      return {
        memories: (wanted) => sources.memories(agentId, wanted),
        sessionsOnTopic: async () => NO_TOPIC,
      };
    const name = `${agentId}#${request.sessionId}`;
    const head = reading.then(
      (session) => session.head,
      () => undefined,
    );
    void head.then((read) => read && this.#lastRead.set(name, currentOf(read)));

    const guess = this.#lastRead.get(name);
    const refreshed = started(sources.refreshMemories(agentId));
    const memories = startedWith(
      // Without a query the newest message says what is wanted, and only the session has that.
      guess && request.query !== undefined ? wantedMemories(request, { head: guess }) : undefined,
      (wanted: WantedMemories) => sources.memories(agentId, wanted, refreshed),
    );
    const onTopic = startedWith(guess, (current: CurrentSession) =>
      sources.sessionsOnTopic(agentId, current, head),
    );
    return { memories, sessionsOnTopic: async (read) => (read ? onTopic(currentOf(read)) : NO_TOPIC) };
  }
}

const currentOf = ({ sessionId, topic, userId }: SessionHead): CurrentSession => ({
  sessionId,
  topic,
  userId,
});

/** Work that is awaited later; until then its failure must not count as an unhandled rejection. */
function started<Result>(work: Promise<Result>): Promise<Result> {
  work.catch(() => undefined);
  return work;
}

/** Runs with a guess now. The function it returns runs again only if its input is not what was guessed. */
function startedWith<Input, Result>(
  guess: Input | undefined,
  run: (input: Input) => Promise<Result>,
): (input: Input) => Promise<Result> {
  if (guess === undefined) return run;
  const early = started(run(guess));
  return (input) => (isDeepStrictEqual(input, guess) ? early : run(input));
}
