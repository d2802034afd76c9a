import { AgentErasure } from '../agents/agent-erasure.ts';
import { AgentRegistry } from '../agents/agent-registry.ts';
import { ArchiveErasure } from '../archive/archive-erasure.ts';
import { namesOf, streamTables } from '../archive/expired-records.ts';
import { GivenUpErasure } from '../archive/given-up-erasure.ts';
import type { OpenStore } from '../archive/object-store.ts';
import { KnownPools } from '../consolidation/known-pools.ts';
import { RunErasure } from '../consolidation/run-erasure.ts';
import { RunLedger } from '../consolidation/run-ledger.ts';
import { DecisionErasure } from '../decisions/decision-erasure.ts';
import { ExposureErasure } from '../exposures/exposure-erasure.ts';
import { MemoryErasure } from '../memories/memory-erasure.ts';
import { MemoryFeed } from '../memories/memory-feed.ts';
import { PATTERN_MEMORY } from '../patterns/offered-patterns.ts';
import { PatternErasure } from '../patterns/pattern-erasure.ts';
import { ResultsErasure } from '../results/results-erasure.ts';
import { SessionErasure } from '../sessions/session-erasure.ts';
import type { TablesOf } from '../shared/dynamodb/open-tables.ts';
import type { RoomsErasing } from '../rooms.ts';
import type { Removal } from '../shared/dynamodb/removable-rows.ts';
import { randomPart } from '../shared/platform/ids.ts';
import { SharingErasure } from '../sharing/sharing-erasure.ts';
import { SignalErasure } from '../signals/signal-erasure.ts';
import { sessionMark } from '../shared/erased-marks.ts';
import type { UserSession } from './erasure.ts';

/** Rows to remove, or the number of records just removed from the archive. */
export type ErasureStep = Removal | number;

export interface ErasureTables {
  readonly DECISIONS_TABLE: string;
  readonly MEMORY_TABLE: string;
  readonly STATE_TABLE: string;
  readonly SIGNALS_TABLE: string;
}

/**
 * Finds everything of an agent or a user, in the order in which it can be removed. A row that says where other rows are
 * comes after them, so a pass that is cut short anywhere can simply start over.
 */
export class ErasureSteps {
  readonly #registry: AgentRegistry;
  readonly #pools: KnownPools;
  readonly #ledger: RunLedger;
  readonly #agents: AgentErasure;
  readonly #decisions: DecisionErasure;
  readonly #signals: SignalErasure;
  readonly #exposures: ExposureErasure;
  readonly #sessions: SessionErasure;
  readonly #runs: RunErasure;
  readonly #sharing: SharingErasure;
  readonly #patterns: PatternErasure;
  readonly #memories: MemoryErasure;
  readonly #results: ResultsErasure;
  readonly #archive: ArchiveErasure;
  readonly #givenUp: GivenUpErasure;

  constructor(tables: TablesOf<ErasureTables>, env: ErasureTables, openStore: OpenStore) {
    const { clock } = tables.state;
    this.#pools = new KnownPools(tables.state);
    this.#ledger = new RunLedger(tables.state);
    this.#registry = new AgentRegistry(tables.state);
    this.#agents = new AgentErasure(tables.state);
    this.#decisions = new DecisionErasure(tables);
    this.#signals = new SignalErasure(tables.signals, tables.state);
    this.#exposures = new ExposureErasure(tables.state);
    this.#sessions = new SessionErasure(tables.state);
    this.#runs = new RunErasure(tables.state);
    this.#sharing = new SharingErasure(tables.memory);
    this.#patterns = new PatternErasure(tables.memory);
    this.#memories = new MemoryErasure(tables.memory, new MemoryFeed(tables.memory, randomPart));
    this.#results = new ResultsErasure(tables.memory);
    this.#archive = new ArchiveErasure(openStore);
    this.#givenUp = new GivenUpErasure(openStore, streamTables(env), clock);
  }

  isRunUnderWay(): Promise<boolean> {
    return this.#ledger.isRunUnderWay();
  }

  decisionTypes(agentId: string): Promise<string[]> {
    return this.#registry.decisionTypes(agentId);
  }

  async *ofAgent(agentId: string, decisionTypes: readonly string[]): AsyncGenerator<ErasureStep> {
    // Made in this order, and begun one after the other. Each room that says it erases an agent has its step.
    const steps: Readonly<Record<RoomsErasing<'agent'>, AsyncGenerator<ErasureStep>>> = {
      decisions: this.#decisions.ofAgent(agentId, decisionTypes),
      signals: this.#signals.ofAgent(agentId),
      exposures: this.#exposures.ofAgent(agentId),
      sessions: this.#sessions.ofAgent(agentId),
      consolidation: this.#runs.ofAgent(agentId),
      sharing: this.#sharing.ofAgent(agentId, PATTERN_MEMORY),
      patterns: this.#patternsOf(agentId),
      memories: this.#memories.ofAgent(agentId),
      results: this.#results.ofAgent(agentId),
      archive: this.#archivedOf(agentId),
      agents: this.#agents.ofAgent(agentId),
    };
    for (const step of Object.values(steps)) yield* step;
  }

  async *#patternsOf(agentId: string): AsyncGenerator<ErasureStep> {
    const { agents, pools } = await this.#allOwners();
    yield* this.#patterns.ofAgent(agentId);
    yield* this.#patterns.offerVerdictsOf(agentId, agents);
    yield* this.#patterns.contributionsOf(agentId, pools);
  }

  async *#archivedOf(agentId: string): AsyncGenerator<ErasureStep> {
    yield* this.#archive.ofAgent(agentId);
    yield* this.#givenUp.of((record) => namesOf(record).includes(agentId));
  }

  /** A user's sessions with all agents: those that are listed, and those that only the archive has. */
  async sessionsOf(userId: string): Promise<UserSession[]> {
    const archived = (await this.#archive.pointers(userId)).filter(({ table }) => table === 'state');
    const found = [
      ...(await this.#sessions.ofUser(userId)),
      ...archived.map(({ agentId, id }) => ({ agentId, sessionId: id })),
    ];
    return [
      ...new Map(
        found.map(({ agentId, sessionId }) => [`${agentId}#${sessionId}`, { agentId, sessionId }]),
      ).values(),
    ];
  }

  async *ofUser(userId: string, sessions: readonly UserSession[]): AsyncGenerator<ErasureStep> {
    const { agents, pools } = await this.#allOwners();
    const ofSessions = byAgent(sessions);
    // Made in this order. Each room that says it erases a user has its step.
    const steps: Readonly<Record<RoomsErasing<'user'>, AsyncGenerator<ErasureStep>>> = {
      memories: this.#memoriesAbout(userId, agents, ofSessions),
      patterns: this.#evidenceOf(pools, ofSessions),
      decisions: this.#decisionsOf(ofSessions),
      archive: this.#archivedOfUser(userId, sessions),
      sessions: this.#sessionsOfUser(userId, sessions),
    };
    for (const step of Object.values(steps)) yield* step;
  }

  /** A memory may name the user it came from although no session does. */
  async *#memoriesAbout(
    userId: string,
    agents: ReadonlySet<string>,
    ofSessions: SessionsByAgent,
  ): AsyncGenerator<ErasureStep> {
    for (const agentId of new Set([...agents, ...ofSessions.keys()]))
      yield* this.#memories.aboutUser(agentId, userId, ofSessions.get(agentId) ?? new Set());
  }

  async *#evidenceOf(pools: readonly string[], ofSessions: SessionsByAgent): AsyncGenerator<ErasureStep> {
    for (const [agentId, sessionIds] of ofSessions) {
      const ids = new Set([
        ...(await this.#decisions.idsInSessions(agentId, await this.decisionTypes(agentId), sessionIds)),
        ...(await this.#archive.decisionIds(agentId, sessionIds)),
      ]);
      yield* this.#patterns.evidenceOf(ids, [agentId, ...pools]);
    }
  }

  async *#decisionsOf(ofSessions: SessionsByAgent): AsyncGenerator<ErasureStep> {
    for (const [agentId, sessionIds] of ofSessions)
      yield* this.#decisions.ofSessions(agentId, await this.decisionTypes(agentId), sessionIds);
  }

  async *#archivedOfUser(userId: string, sessions: readonly UserSession[]): AsyncGenerator<ErasureStep> {
    for (const [agentId, sessionIds] of byAgent(sessions))
      yield* this.#archive.ofSessions(agentId, sessionIds);
    const marks = new Set(sessions.map(({ agentId, sessionId }) => sessionMark(agentId, sessionId)));
    yield* this.#givenUp.of(
      (record) => record.userId === userId || namesOf(record).some((name) => marks.has(name)),
    );
    yield* this.#archive.ofPointers(await this.#archive.pointers(userId));
  }

  async *#sessionsOfUser(userId: string, sessions: readonly UserSession[]): AsyncGenerator<ErasureStep> {
    for (const session of sessions) yield* this.#sessions.unlisted(session);
    yield* this.#sessions.removeOfUser(userId);
  }

  /** Every agent, deregistered ones too, and every pool, also of types without agents today. */
  async #allOwners() {
    const agents = new Set<string>();
    for await (const agentId of this.#registry.everKnown()) agents.add(agentId);
    return { agents, pools: await this.#pools.all() };
  }
}

type SessionsByAgent = ReadonlyMap<string, ReadonlySet<string>>;

function byAgent(sessions: readonly UserSession[]): SessionsByAgent {
  const found = new Map<string, Set<string>>();
  for (const { agentId, sessionId } of sessions)
    found.set(agentId, (found.get(agentId) ?? new Set()).add(sessionId));
  return found;
}
