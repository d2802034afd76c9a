import type { AgentRegistry } from '../agents/agent-registry.ts';
import type { Window, WindowCases } from '../cases/window-cases.ts';
import type { Decision } from '../decisions/decision.ts';
import { ValidationFailedError } from '../shared/errors.ts';
import { assertNotAhead, DAY_MS } from '../shared/platform/clock.ts';
import type { Range, RangeRequest } from './contract.ts';

/** Decisions that one request reads, at most, so that it ends within API Gateway's 29 s. 0.25 RRU per KB of them. */
export const MAX_DECISIONS = 100_000;
export const DEFAULT_WINDOW_DAYS = 30;

/**
 * The range of a request: from … to, or a number of days before `to`.
 * @throws ValidationFailedError
 */
export function rangeOf({ from, to, windowDays }: RangeRequest, now: Date): Range {
  assertNotAhead(now, to, 'to');
  const end = to ?? now.toISOString();
  if (from !== undefined && windowDays !== undefined)
    throw ValidationFailedError.at('windowDays', 'and from exclude each other');
  const start =
    from ?? new Date(Date.parse(end) - (windowDays ?? DEFAULT_WINDOW_DAYS) * DAY_MS).toISOString();
  if (start > end) throw ValidationFailedError.at('from', 'must not lie after to');
  return { from: start, to: end };
}

/** The range as a window. Both ends of a range are inclusive; a window excludes its first instant. */
export const windowOf = ({ from, to }: Range): Window => ({
  after: new Date(Date.parse(from) - 1).toISOString(),
  until: to,
});

/** Counts down the decisions that a request may still read. */
export class ReadBudget {
  readonly limit: number;
  #left: number;

  constructor(limit: number) {
    this.limit = limit;
    this.#left = limit;
  }

  /** Takes one decision. @returns false when the budget is spent */
  take(): boolean {
    return this.#left-- > 0;
  }

  /** @throws ValidationFailedError naming the field that would make the request smaller */
  spend(field: string): void {
    if (!this.take())
      throw ValidationFailedError.at(field, `covers more than ${this.limit} decisions; ask for less`);
  }
}

/** Reads decisions for analysis: newest first, page by page, strongly consistent. */
export class DecisionReader {
  readonly #registry: AgentRegistry;
  readonly cases: WindowCases;
  readonly maxDecisions: number;

  constructor(registry: AgentRegistry, cases: WindowCases, maxDecisions = MAX_DECISIONS) {
    this.#registry = registry;
    this.cases = cases;
    this.maxDecisions = maxDecisions;
  }

  budget(): ReadBudget {
    return new ReadBudget(this.maxDecisions);
  }

  /** The given type, or else every type that the agent ever logged. */
  async types(agentId: string, decisionType?: string): Promise<string[]> {
    return decisionType === undefined ? this.#registry.decisionTypes(agentId) : [decisionType];
  }

  async *decisions(agentId: string, decisionType: string, window: Window): AsyncGenerator<Decision> {
    for await (const page of this.cases.pages(agentId, decisionType, window)) yield* page.decisions;
  }
}
