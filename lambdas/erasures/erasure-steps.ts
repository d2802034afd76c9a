import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { AgentErasure } from '../agents/agent-erasure.ts';
import { AgentRegistry } from '../agents/agent-registry.ts';
import { ArchiveErasure } from '../archive/archive-erasure.ts';
import type { OpenStore } from '../archive/object-store.ts';
import { RunErasure } from '../consolidation/run-erasure.ts';
import { DecisionErasure } from '../decisions/decision-erasure.ts';
import { ExposureErasure } from '../exposures/exposure-erasure.ts';
import { PATTERN_MEMORY } from '../patterns/offered-patterns.ts';
import { PatternErasure } from '../patterns/pattern-erasure.ts';
import { SessionErasure } from '../sessions/session-erasure.ts';
import type { Removal } from '../shared/dynamodb/removable-rows.ts';
import type { Clock } from '../shared/platform/clock.ts';
import { poolOf } from '../shared/schema/owners.ts';
import { SharingErasure } from '../sharing/sharing-erasure.ts';
import { SignalErasure } from '../signals/signal-erasure.ts';

/** Rows to remove, or how many records just left the archive. */
export type ErasureStep = Removal | number;

/** A session of the user that is erased. */
export interface UserSession {
  readonly agentId: string;
  readonly sessionId: string;
}

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
  readonly #registry: AgentRegistry;
  readonly #agents: AgentErasure;
  readonly #decisions: DecisionErasure;
  readonly #signals: SignalErasure;
  readonly #exposures: ExposureErasure;
  readonly #sessions: SessionErasure;
  readonly #runs: RunErasure;
  readonly #sharing: SharingErasure;
  readonly #patterns: PatternErasure;
  readonly #archive: ArchiveErasure;

  constructor(documents: DynamoDBDocumentClient, env: ErasureTables, openStore: OpenStore, clock: Clock) {
    this.#registry = new AgentRegistry(documents, env.STATE_TABLE, clock);
    this.#agents = new AgentErasure(documents, env.STATE_TABLE);
    this.#decisions = new DecisionErasure(documents, env.DECISIONS_TABLE);
    this.#signals = new SignalErasure(documents, env.SIGNALS_TABLE, env.STATE_TABLE);
    this.#exposures = new ExposureErasure(documents, env.STATE_TABLE);
    this.#sessions = new SessionErasure(documents, env.STATE_TABLE);
    this.#runs = new RunErasure(documents, env.STATE_TABLE);
    this.#sharing = new SharingErasure(documents, env.MEMORY_TABLE);
    this.#patterns = new PatternErasure(documents, env.MEMORY_TABLE);
    this.#archive = new ArchiveErasure(openStore);
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
    yield* this.#patterns.standingsOf(agentId, agents);
    yield* this.#patterns.contributionsOf(agentId, pools);
    yield* this.#archive.ofAgent(agentId);
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
    const { pools } = await this.#everybody();
    for (const [agentId, sessionIds] of byAgent(sessions)) {
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
    yield* this.#archive.ofPointers(await this.#archive.pointers(userId));
    yield* this.#sessions.removeOfUser(userId);
  }

  /** Every registered agent, and the pools of their types. */
  async #everybody() {
    const agents: string[] = [];
    const pools = new Set<string>();
    for await (const { agentId, agentType } of this.#registry.all()) {
      agents.push(agentId);
      pools.add(poolOf(agentType));
    }
    return { agents, pools };
  }
}

function byAgent(sessions: readonly UserSession[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { agentId, sessionId } of sessions)
    found.set(agentId, (found.get(agentId) ?? new Set()).add(sessionId));
  return found;
}
