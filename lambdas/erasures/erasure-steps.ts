import { AgentErasure } from '../agents/agent-erasure.ts';
import { AgentRegistry } from '../agents/agent-registry.ts';
import { ArchiveErasure } from '../archive/archive-erasure.ts';
import { namesOf, streamTables } from '../archive/expired-records.ts';
import { GivenUpErasure } from '../archive/given-up-erasure.ts';
import type { OpenStore } from '../archive/object-store.ts';
import { KnownPools } from '../consolidation/known-pools.ts';
import { RunErasure } from '../consolidation/run-erasure.ts';
import { RunLedger } from '../consolidation/run-ledger.ts';
import { areRunsUnderWay } from '../consolidation/runs-under-way.ts';
import { DecisionErasure } from '../decisions/decision-erasure.ts';
import { ExposureErasure } from '../exposures/exposure-erasure.ts';
import { MemoryErasure } from '../memories/memory-erasure.ts';
import { MemoryFeed } from '../memories/memory-feed.ts';
import { PATTERN_MEMORY } from '../patterns/offered-patterns.ts';
import { PatternErasure } from '../patterns/pattern-erasure.ts';
import { PerformanceErasure } from '../results/results-erasure.ts';
import { SessionErasure } from '../sessions/session-erasure.ts';
import type { TablesOf } from '../shared/platform/runtime.ts';
import type { Removal } from '../shared/dynamodb/removable-rows.ts';
import type { Clock } from '../shared/platform/clock.ts';
import { randomPart } from '../shared/platform/ids.ts';
import { SharingErasure } from '../sharing/sharing-erasure.ts';
import { SignalErasure } from '../signals/signal-erasure.ts';
import { sessionMark } from '../shared/erased-marks.ts';
import type { UserSession } from './erasure.ts';

/** Rows to remove, or how many records just left the archive. */
export type ErasureStep = Removal | number;

export interface ErasureTables {
  readonly DECISIONS_TABLE: string;
  readonly MEMORY_TABLE: string;
  readonly STATE_TABLE: string;
  readonly SIGNALS_TABLE: string;
}

/**
 * What there is of an agent or a user, in the order in which it can go: whatever says where something else is goes
 * after that, so a pass that is cut short anywhere is simply begun again.
 */
export class ErasureSteps {
  readonly #clock: Clock;
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
  readonly #performance: PerformanceErasure;
  readonly #archive: ArchiveErasure;
  readonly #givenUp: GivenUpErasure;

  constructor(tables: TablesOf<ErasureTables>, env: ErasureTables, openStore: OpenStore) {
    const { clock } = tables.state;
    this.#clock = clock;
    this.#pools = new KnownPools(tables.state);
    this.#ledger = new RunLedger(tables.state);
    this.#registry = new AgentRegistry(tables.state);
    this.#agents = new AgentErasure(tables.state);
    this.#decisions = new DecisionErasure(tables.decisions);
    this.#signals = new SignalErasure(tables.signals, tables.state);
    this.#exposures = new ExposureErasure(tables.state);
    this.#sessions = new SessionErasure(tables.state);
    this.#runs = new RunErasure(tables.state);
    this.#sharing = new SharingErasure(tables.memory);
    this.#patterns = new PatternErasure(tables.memory);
    this.#memories = new MemoryErasure(tables.memory, new MemoryFeed(tables.memory, randomPart));
    this.#performance = new PerformanceErasure(tables.memory);
    this.#archive = new ArchiveErasure(openStore);
    this.#givenUp = new GivenUpErasure(openStore, streamTables(env), clock);
  }

  areRunsUnderWay(): Promise<boolean> {
    return areRunsUnderWay(this.#ledger, this.#clock());
  }

  decisionTypes(agentId: string): Promise<string[]> {
    return this.#registry.decisionTypes(agentId);
  }

  async *ofAgent(agentId: string, decisionTypes: readonly string[]): AsyncGenerator<ErasureStep> {
    const { agents, pools } = await this.#everybody();
    yield* this.#decisions.ofAgent(agentId, decisionTypes);
    yield* this.#signals.ofAgent(agentId);
    yield* this.#exposures.ofAgent(agentId);
    yield* this.#sessions.ofAgent(agentId);
    yield* this.#runs.ofAgent(agentId);
    yield* this.#sharing.ofAgent(agentId, PATTERN_MEMORY);
    yield* this.#patterns.ofAgent(agentId);
    yield* this.#patterns.offerVerdictsOf(agentId, agents);
    yield* this.#patterns.contributionsOf(agentId, pools);
    yield* this.#memories.ofAgent(agentId);
    yield* this.#performance.ofAgent(agentId);
    yield* this.#archive.ofAgent(agentId);
    yield* this.#givenUp.of((record) => namesOf(record).includes(agentId));
    yield* this.#agents.ofAgent(agentId);
  }

  /** A user's sessions with all agents: those that are listed, and those that only the archive remembers. */
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
    const { agents, pools } = await this.#everybody();
    const ofSessions = byAgent(sessions);
    // A memory may say whom it came from without a session that did.
    for (const agentId of new Set([...agents, ...ofSessions.keys()]))
      yield* this.#memories.aboutUser(agentId, userId, ofSessions.get(agentId) ?? new Set());
    for (const [agentId, sessionIds] of ofSessions) {
      const types = await this.decisionTypes(agentId);
      const ids = new Set([
        ...(await this.#decisions.idsInSessions(agentId, types, sessionIds)),
        ...(await this.#archive.decisionIds(agentId, sessionIds)),
      ]);
      yield* this.#patterns.evidenceOf(ids, [agentId, ...pools]);
      yield* this.#decisions.ofSessions(agentId, types, sessionIds);
      for (const sessionId of sessionIds) yield* this.#sessions.unlisted({ agentId, sessionId });
      yield* this.#archive.ofSessions(agentId, sessionIds);
    }
    const marks = new Set(sessions.map(({ agentId, sessionId }) => sessionMark(agentId, sessionId)));
    yield* this.#givenUp.of(
      (record) => record.userId === userId || namesOf(record).some((name) => marks.has(name)),
    );
    yield* this.#archive.ofPointers(await this.#archive.pointers(userId));
    yield* this.#sessions.removeOfUser(userId);
  }

  /** Every agent, deregistered ones too, and every pool, also of types that no agent has any more. */
  async #everybody() {
    const agents = new Set<string>();
    for await (const agentId of this.#registry.everKnown()) agents.add(agentId);
    return { agents, pools: await this.#pools.all() };
  }
}

function byAgent(sessions: readonly UserSession[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { agentId, sessionId } of sessions)
    found.set(agentId, (found.get(agentId) ?? new Set()).add(sessionId));
  return found;
}
