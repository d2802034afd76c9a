import type { AgentRegistry } from '../agents/agent-registry.ts';
import type { DecisionWindow } from '../decisions/decision-window.ts';
import { type DecisionResult, resultOf } from './decision-result.ts';
import { addDays, timeOf } from './periods.ts';

/** Results of the decisions of some days, read from the decisions: strongly consistent, 0.25 RRU a KB of them. */
export class DayResults {
  readonly #registry: AgentRegistry;
  readonly #decisions: DecisionWindow;

  constructor(registry: AgentRegistry, decisions: DecisionWindow) {
    this.#registry = registry;
    this.#decisions = decisions;
  }

  types(agentId: string): Promise<string[]> {
    return this.#registry.decisionTypes(agentId);
  }

  /**
   * In order of time, over all types.
   * @param from,to UTC days, both included
   * @returns undefined when there are more than `limit`
   */
  async between(
    agentId: string,
    decisionTypes: readonly string[],
    { from, to }: { readonly from: string; readonly to: string },
    limit = Infinity,
  ): Promise<DecisionResult[] | undefined> {
    const window = {
      after: new Date(timeOf(from) - 1).toISOString(),
      until: new Date(timeOf(addDays(to, 1)) - 1).toISOString(),
    };
    const results: DecisionResult[] = [];
    await Promise.all(
      decisionTypes.map(async (decisionType) => {
        for await (const page of this.#decisions.pages({ agentId, decisionType, ...window })) {
          for (const decision of page.decisions) results.push(resultOf(decision));
          if (results.length > limit) return;
        }
      }),
    );
    if (results.length > limit) return undefined;
    return results.sort(byTime);
  }
}

export const byTime = (a: DecisionResult, b: DecisionResult): number =>
  a.timestamp === b.timestamp ? (a.decisionId < b.decisionId ? -1 : 1) : a.timestamp < b.timestamp ? -1 : 1;
