import type { RegisteredAgent } from '../agents/agent-registry.ts';
import { poolOf, UNKNOWN_TYPE } from '../shared/schema/owners.ts';

/** Who is to be worked on: an agent, or a pool. */
export interface PlannedTask {
  readonly agentId: string;
  /** Hour of the wall clock in which the agent, or any agent of the pool, last wrote. */
  readonly activeHour?: string;
  /** It is deregistered, and nothing is left to do but its results. */
  readonly rollUpOnly?: true;
}

/** The agents of a run by type: those of one type are worked on together as well. */
export class Pools {
  readonly #pools = new Map<string, { readonly agents: number; readonly activeHour?: string }>();

  add({ agentType, activeHour = '' }: Pick<RegisteredAgent, 'agentType' | 'activeHour'>): void {
    if (agentType === UNKNOWN_TYPE) return;
    const { agents, activeHour: latest = '' } = this.#pools.get(agentType) ?? { agents: 0 };
    this.#pools.set(agentType, { agents: agents + 1, activeHour: activeHour > latest ? activeHour : latest });
  }

  /** Pools of at least two agents. */
  shared(): PlannedTask[] {
    return this.#tasks((agents) => agents >= 2);
  }

  /** Types with a single agent, which have nothing to compare it with. */
  single(): PlannedTask[] {
    return this.#tasks((agents) => agents === 1);
  }

  #tasks(isWanted: (agents: number) => boolean): PlannedTask[] {
    return [...this.#pools]
      .filter(([, { agents }]) => isWanted(agents))
      .map(([agentType, { activeHour }]) => ({
        agentId: poolOf(agentType),
        ...(activeHour !== '' && { activeHour }),
      }));
  }
}
