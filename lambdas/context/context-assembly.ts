import { type ExposureLog, versionsOf } from '../exposures/exposure-log.ts';
import type { ShownMemory } from '../exposures/exposure.ts';
import type { Hit } from '../memories/search/ranking.ts';
import type { Matched } from '../patterns/pattern-matching.ts';
import type { ResumedSession } from '../sessions/session-reader.ts';
import { NotFoundError, UnavailableError, ValidationFailedError } from '../shared/errors.ts';
import type { Clock } from '../shared/platform/clock.ts';
import { LateError, withinDeadline } from '../shared/platform/deadline.ts';
import type { RandomPart } from '../shared/platform/ids.ts';
import type { ContextRequest } from './contract.ts';
import type { Deadlines } from './deadline-settings.ts';
import { type Degradable, Degradations } from './degradations.ts';
import {
  groupDecisions,
  groupOf,
  insightEntries,
  memoryCandidate,
  type Relevant,
  relevantEntries,
  sessionCandidate,
  signalEntries,
} from './entries.ts';
import { needOf, wantedMemories } from './need.ts';
import { fitParts, MAX_RELEVANT, type Parts } from './parts.ts';
import { NO_TOPIC, type PastSession } from './past-sessions.ts';
import { rank } from './ranking.ts';
import { rankRevalidated } from './revalidation.ts';
import { SessionPrefetch } from './session-prefetch.ts';
import type { Sources, WaitingSignals } from './sources.ts';
import type { Estimate } from './token-estimate.ts';

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
  readonly degraded: readonly Degradable[];
  readonly exposureId: string | null;
}

const NONE_WAITING: WaitingSignals = { newest: [], isComplete: true };

/** Assembles the context to put in front of a model, and records what it showed. */
export class ContextAssembly {
  readonly #parts: ContextAssemblyParts;
  readonly #prefetch: SessionPrefetch;

  constructor(parts: ContextAssemblyParts) {
    this.#parts = parts;
    this.#prefetch = new SessionPrefetch(parts.sources);
  }

  /**
   * All sources are asked at the same time, except for the parts that need the session first. A part that is late or
   * fails is left out and named in `degraded`. Without the session that was asked for there is no answer.
   *
   * @throws ValidationFailedError at `sessionId` when the agent has no such session
   * @throws UnavailableError when the session cannot be read in time
   */
  async assemble(agentId: string, request: ContextRequest): Promise<AssembledContext> {
    const { sources, clock, deadlines, estimate, log } = this.#parts;
    const now = clock();
    const degraded = new Degradations(log);
    const attempt = <T>(name: Degradable, work: () => Promise<T>, instead: T) =>
      degraded.attempt(name, deadlines.partMs, work, instead);

    // Read the session, and meanwhile what does not depend on it.
    const reading =
      request.sessionId === undefined ? undefined : this.#readSession(agentId, request.sessionId);
    const independent = Promise.all([
      attempt('signals', () => sources.signals(agentId), NONE_WAITING),
      attempt('insights', () => this.#insights(agentId, request), []),
      attempt('decisions', () => sources.decisions(agentId), []),
    ]);
    const ofSession = this.#prefetch.start(agentId, request, reading);
    const session = await reading;

    // Gather the other parts.
    const wanted = wantedMemories(request, session);
    const [[signals, insights, decisions], memories, onTopic] = await Promise.all([
      independent,
      attempt('memories', () => ofSession.memories(wanted), []),
      attempt('sessions', () => ofSession.sessionsOnTopic(session?.head), NO_TOPIC),
    ]);
    if (session?.isBehind) degraded.add('summary');
    if (!signals.isComplete) degraded.add('signals');
    if (!onTopic.isComplete) degraded.add('sessions');

    // Rank.
    const { sessionIds, summaries } = onTopic;
    const candidates: Relevant[] = [
      ...groupDecisions(decisions, sessionIds),
      ...memories.map((hit) => memoryCandidate(hit, sessionIds)),
      ...summaries.filter((summary) => !isInMemory(summary, memories)).map(sessionCandidate),
    ];
    const need = needOf(request, session);
    const ranked = await rankRevalidated(agentId, candidates, {
      rereadDecisions: (some) =>
        attempt('decisions', () => sources.rereadDecisions(agentId, some), undefined),
      rereadSharedMemories: (some) =>
        attempt('memories', () => sources.rereadSharedMemories(agentId, some), undefined),
      group: (some) => groupOf(some, sessionIds),
      rankBest: (some) => rank(some, need, now).slice(0, MAX_RELEVANT),
    });

    // Fit the budgets.
    const material = {
      session,
      relevant: relevantEntries(ranked, agentId, now),
      insights: insightEntries(insights),
      signals: signalEntries(signals.newest, now),
    };
    const parts = fitParts(material, request.budgets, estimate);

    // Record the exposure, and answer.
    const exposureId = request.record ? await this.#record(agentId, session, parts, degraded) : null;
    return { agentId, asOf: now.toISOString(), session, ...parts, degraded: degraded.names, exposureId };
  }

  async #readSession(agentId: string, sessionId: string): Promise<ResumedSession> {
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

  #insights(agentId: string, { situation, decisionType }: ContextRequest): Promise<readonly Matched[]> {
    return this.#parts.sources.insights(agentId, {
      context: situation ?? {},
      ...(decisionType !== undefined && { decisionType }),
    });
  }

  /**
   * One write, retried within the invocation's time. If it fails, the answer is given without an id and names
   * `exposure`: only statistics miss an exposure, so the answer is worth more.
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
      // A lost count makes a memory look read a little less. The caller need not know.
      withinDeadline(sources.noteShown(memories), deadlines.partMs).catch((error: unknown) =>
        log.warn('access not counted', { error: error as Error }),
      ),
    ]);
    return exposure?.exposureId ?? null;
  }
}

/** A session can leave its summary to the agent's memory. Then the memory shows it, and it is said once. */
const isInMemory = ({ agentId, sessionId, summary }: PastSession, hits: readonly Hit[]): boolean =>
  hits.some(
    ({ memory }) =>
      memory.agentId === agentId &&
      memory.provenance?.sessionId === sessionId &&
      memory.text.includes(summary),
  );

/** Ids of everything that got in. A group of decisions counts by its newest. */
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
