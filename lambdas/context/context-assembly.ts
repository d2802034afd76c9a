import { type ExposureLog, versionsOf } from '../exposures/exposure-log.ts';
import type { ShownMemory } from '../exposures/exposure.ts';
import type { Hit } from '../memories/search/ranking.ts';
import type { Matched } from '../patterns/pattern-matching.ts';
import type { SessionSubject } from '../sessions/session.ts';
import type { ResumedSession } from '../sessions/session-reader.ts';
import { NotFoundError, UnavailableError, ValidationFailedError } from '../shared/errors.ts';
import type { Clock } from '../shared/platform/clock.ts';
import { LateError, withinDeadline } from '../shared/platform/deadline.ts';
import type { RandomPart } from '../shared/platform/ids.ts';
import { rankAsTheyAre } from './revalidation.ts';
import type { Budgets } from './budget.ts';
import { Degradations } from './deadline.ts';
import {
  groupDecisions,
  groupOf,
  insightEntries,
  memoryCandidate,
  ON_TOPIC,
  type Relevant,
  relevantEntries,
  sessionCandidate,
  signalEntries,
} from './entries.ts';
import { KnownSubjects } from './session-subject-cache.ts';
import { fitParts, MAX_RELEVANT, type Parts } from './parts.ts';
import { NO_TOPIC, type OnTopic, type PastSession } from './past-sessions.ts';
import { type Need, rank } from './ranking.ts';
import type { WantedMemories } from './relevant-memories.ts';
import { featuresOf, scalarsOf } from './situation.ts';
import type { Sources, Waiting } from './sources.ts';
import type { Estimate } from './token-estimate.ts';
import { termsOf } from '../shared/text/terms.ts';

export interface ContextRequest {
  readonly sessionId?: string;
  /** Features of now, as a decision's context will have them. */
  readonly situation?: Readonly<Record<string, unknown>>;
  /** What is wanted, in words. @default the session's topic and its newest message of the user */
  readonly query?: string;
  readonly decisionType?: string;
  readonly budgets: Budgets;
  /** Whether what is shown is recorded, for decisions to name. */
  readonly record: boolean;
}

/** Milliseconds to wait. */
export interface Deadlines {
  /** For each part an answer can do without. */
  readonly partMs: number;
  /** For the session, and for recording what was shown. */
  readonly sessionMs: number;
}

export interface ContextAssemblyParts {
  readonly sources: Sources;
  readonly exposures: ExposureLog;
  readonly estimate: Estimate;
  readonly deadlines: Deadlines;
  readonly clock: Clock;
  readonly randomPart: RandomPart;
  readonly log: ConstructorParameters<typeof Degradations>[0];
}

export interface AssembledContext extends Parts {
  readonly agentId: string;
  readonly asOf: string;
  readonly session: ResumedSession | undefined;
  readonly degraded: Degradations['names'];
  readonly exposureId: string | null;
}

const NONE_WAITING: Waiting = { newest: [], areAll: true };

/** Messages of the user that say what is wanted, the newest, when no query does. */
const MESSAGES_ASKED = 2;

/** Puts together what belongs in front of a model, and remembers that it was shown. */
export class ContextAssembly {
  readonly #parts: ContextAssemblyParts;
  readonly #subjects = new KnownSubjects();

  constructor(parts: ContextAssemblyParts) {
    this.#parts = parts;
  }

  /**
   * All sources are asked at the same time. What depends on the session waits for it, unless the instance has read it
   * before: then its topic and user are taken to be the same, and its memories, where there is a query, and the sessions
   * on its topic are looked for at once. What is late or fails is left out and named; without the session that was asked
   * for there is no answer.
   *
   * @throws ValidationFailedError at `sessionId` when the agent has no such session
   * @throws UnavailableError when the session cannot be read in time
   */
  async assemble(agentId: string, request: ContextRequest): Promise<AssembledContext> {
    const { sources, clock, deadlines, estimate, log } = this.#parts;
    const now = clock();
    const degraded = new Degradations(log);
    const attempt = <T>(
      name: Parameters<Degradations['attempt']>[0],
      work: () => Promise<T>,
      instead: T,
      from?: Promise<unknown>,
    ) => degraded.attempt(name, deadlines.partMs, work, instead, from);

    const asked = request.sessionId === undefined ? undefined : this.#session(agentId, request.sessionId);
    // If the session cannot be read there is no answer, and nobody to tell what else is missing.
    const current = asked?.catch(() => undefined);
    const optional = Promise.all([
      attempt('signals', () => sources.signals(agentId), NONE_WAITING),
      attempt('insights', () => this.#insights(agentId, request), []),
      attempt('decisions', () => sources.decisions(agentId), []),
      attempt('memories', () => this.#memories(agentId, request, current), [], current),
      attempt('sessions', () => this.#onTopic(agentId, request, current), NO_TOPIC, current),
    ]);
    const session = await asked;
    if (session) this.#subjects.note(session.head);
    const [signals, insights, decisions, memories, onTopic] = await optional;
    if (session?.isBehind) degraded.add('summary');
    if (!signals.areAll) degraded.add('signals');
    if (!onTopic.areAll) degraded.add('sessions');

    const { sessionIds, summaries } = onTopic;
    const candidates: Relevant[] = [
      ...groupDecisions(decisions, sessionIds),
      ...memories.map((hit) => memoryCandidate(hit, sessionIds)),
      ...summaries.filter((session) => !isInMemory(session, memories)).map(sessionCandidate),
    ];
    const need = needOf(request, session);
    const ranked = await rankAsTheyAre(agentId, candidates, {
      decisionsNow: (some) => attempt('decisions', () => sources.decisionsNow(agentId, some), undefined),
      sharedNow: (some) => attempt('memories', () => sources.sharedNow(agentId, some), undefined),
      group: (some) => groupOf(some, sessionIds),
      best: (some) => rank(some, need, now).slice(0, MAX_RELEVANT),
    });
    const parts = fitParts(
      {
        session,
        relevant: relevantEntries(ranked, agentId, now),
        insights: insightEntries(insights),
        signals: signalEntries(signals.newest, now),
      },
      request.budgets,
      estimate,
    );
    const exposureId = request.record ? await this.#record(agentId, session, parts, degraded) : null;
    return { agentId, asOf: now.toISOString(), session, ...parts, degraded: degraded.names, exposureId };
  }

  async #session(agentId: string, sessionId: string): Promise<ResumedSession> {
    const { sources, deadlines } = this.#parts;
    try {
      return await withinDeadline(sources.session(agentId, sessionId), deadlines.sessionMs);
    } catch (error) {
      if (error instanceof NotFoundError)
        throw ValidationFailedError.at('sessionId', 'is no session of this agent');
      if (error instanceof LateError) throw new UnavailableError('The session cannot be read now; retry');
      throw error;
    }
  }

  async #insights(agentId: string, { situation, decisionType }: ContextRequest): Promise<readonly Matched[]> {
    return this.#parts.sources.insights(agentId, {
      context: situation ?? {},
      ...(decisionType !== undefined && { decisionType }),
    });
  }

  #memories(
    agentId: string,
    request: ContextRequest,
    current: Promise<ResumedSession | undefined> | undefined,
  ): Promise<readonly Hit[]> {
    const { sources } = this.#parts;
    const wantedIn = (session: Spoken | undefined): WantedMemories => ({
      query: askedFor(request, session),
      userId: session?.head.userId,
    });
    if (!current) return sources.memories(agentId, wantedIn(undefined));
    // Without a query what was said last is asked for, and only the session tells that.
    const head = request.query === undefined ? undefined : this.#subjects.of(agentId, request.sessionId);
    return sources.memories(agentId, current.then(wantedIn), head && wantedIn({ head, messages: [] }));
  }

  async #onTopic(
    agentId: string,
    request: ContextRequest,
    current: Promise<ResumedSession | undefined> | undefined,
  ): Promise<OnTopic> {
    if (!current) return NO_TOPIC;
    const isLikely = this.#subjects.of(agentId, request.sessionId)?.topic !== undefined;
    const head = current.then((session) => session?.head);
    return this.#parts.sources.sessions(agentId, head, isLikely);
  }

  /**
   * One write, retried with backoff by the client. When it fails all the same the answer is given, without an id and
   * saying so: what was read is not thrown away for a record that only statistics miss.
   */
  async #record(
    agentId: string,
    session: ResumedSession | undefined,
    parts: Parts,
    degraded: Degradations,
  ): Promise<string | null> {
    if (parts.text === '') return null;
    const { exposures, randomPart, deadlines, sources, log } = this.#parts;
    const memories = parts.relevant.placed.flatMap(({ of: { of } }) => (of.kind === 'memory' ? [of] : []));
    const [exposure] = await Promise.all([
      degraded.attempt(
        'exposure',
        deadlines.sessionMs,
        () => exposures.record(agentId, 'context', shownBy(parts, session), randomPart),
        undefined,
      ),
      // A count that is lost makes a memory look a little less read: nothing to tell the caller.
      withinDeadline(sources.noteShown(memories), deadlines.partMs).catch((error: unknown) =>
        log.warn('access not counted', { error: error as Error }),
      ),
    ]);
    return exposure?.exposureId ?? null;
  }
}

/** What a session left to the agent's memory is its summary: it is said once. */
const isInMemory = ({ agentId, sessionId, summary }: PastSession, hits: readonly Hit[]): boolean =>
  hits.some(
    ({ memory }) =>
      memory.agentId === agentId &&
      memory.provenance?.sessionId === sessionId &&
      memory.text.includes(summary),
  );

/** What of a session says what is wanted. */
interface Spoken {
  readonly head: SessionSubject;
  readonly messages: ResumedSession['messages'];
}

/** The query, or what the session is about now; and what the situation says. */
function askedFor({ query, situation }: ContextRequest, session: Spoken | undefined): string {
  const lastAsked = (session?.messages ?? [])
    .filter(({ role }) => role === 'user')
    .slice(-MESSAGES_ASKED)
    .map(({ content }) => content);
  const values = scalarsOf(situation).map(([, value]) => value);
  return [query ?? lastAsked.join(' '), session?.head.topic, ...values].filter(Boolean).join(' ');
}

function needOf(request: ContextRequest, session: ResumedSession | undefined): Need {
  const features = featuresOf(request.situation);
  if (session?.head.topic !== undefined) features.add(ON_TOPIC);
  return { terms: termsOf(`${askedFor(request, session)} ${request.decisionType ?? ''}`), features };
}

/** Ids of everything that got in; a group of decisions by its newest. */
function shownBy(
  { immediate, relevant, insights, signals }: Parts,
  session: ResumedSession | undefined,
): ShownMemory {
  const idsOf = (kind: Relevant['kind']): string[] =>
    relevant.placed.flatMap(({ of }) => (of.of.kind === kind ? [of.of.id] : []));
  const sessions = [...(session && immediate?.text ? [session.head.sessionId] : []), ...idsOf('session')];
  const memories = idsOf('memory');
  const decisions = idsOf('decision');
  const delivered = signals.placed.map(({ of }) => of.signalId);
  return {
    patterns: versionsOf(insights.placed.map(({ of }) => of)),
    ...(memories.length > 0 && { memories }),
    ...(decisions.length > 0 && { decisions }),
    ...(sessions.length > 0 && { sessions }),
    ...(delivered.length > 0 && { signals: delivered }),
  };
}
