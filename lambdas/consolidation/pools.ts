import type { RegisteredAgent } from '../agents/agent-registry.ts';
import { poolOf, UNKNOWN_TYPE } from '../shared/schema/owners.ts';

/** An agent, or a pool, that a run may consolidate. */
export interface Candidate {
  readonly agentId: string;
  /** Hour of the wall clock in which the agent, or any agent of the pool, last wrote. */
  readonly activeHour?: string;
  /** The agent is deregistered, and only its results are left to roll up. */
  readonly rollUpOnly?: true;
}

/** The agents of a run by type. Agents of one type are also consolidated together, as a pool. */
export class Pools {
  readonly #pools = new Map<string, { readonly agents: number; readonly activeHour?: string }>();

  add({ agentType, activeHour = '' }: Pick<RegisteredAgent, 'agentType' | 'activeHour'>): void {
    if (agentType === UNKNOWN_TYPE) return;
    const { agents, activeHour: latest = '' } = this.#pools.get(agentType) ?? { agents: 0 };
    this.#pools.set(agentType, { agents: agents + 1, activeHour: activeHour > latest ? activeHour : latest });
  }

  /** Pools of at least two agents. */
  shared(): Candidate[] {
    return this.#candidates((agents) => agents >= 2);
  }

  /** Pools of a single agent, which has no other to be compared with. */
  single(): Candidate[] {
    return this.#candidates((agents) => agents === 1);
  }

  #candidates(isWanted: (agents: number) => boolean): Candidate[] {
    return [...this.#pools]
      .filter(([, { agents }]) => isWanted(agents))
      .map(([agentType, { activeHour }]) => ({
        agentId: poolOf(agentType),
        ...(activeHour !== '' && { activeHour }),
      }));
  }
}
