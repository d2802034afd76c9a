import type { Difference } from '../mining/statistics/two-shares.ts';
import { holm } from '../mining/statistics/multiple-tests.ts';
import { fisherTails } from '../mining/statistics/fisher.ts';
import type { Clock } from '../shared/platform/clock.ts';
import { type DecisionReader, type Range, type RangeRequest, rangeOf, windowOf } from './decision-reader.ts';
import { differenceOf, type Rate, RateTally, tableOf } from './rate.ts';

export interface ComparisonRequest extends RangeRequest {
  readonly decisionType: string;
  readonly agentIds: readonly string[];
}

export interface AgainstOthers extends Difference {
  /** Two-sided Fisher exact test against the others together: twice the smaller tail. */
  readonly pValue: number;
  /** The same, adjusted for the number of agents compared (Holm). */
  readonly adjustedP: number;
}

export interface ComparedAgent extends Rate {
  readonly agentId: string;
  /** Against all the others together; null where either side has no outcome. */
  readonly againstOthers: AgainstOthers | null;
}

/**
 * Agents beside each other, as their outcomes are known now. It says whose decisions succeeded more often, not who
 * decides better: agents that meet other situations have other rates. What would answer that is the same situation,
 * as `patterns/test` and the agent's own `success-rate?path=` show it.
 */
export class AgentComparison {
  readonly #reader: DecisionReader;
  readonly #clock: Clock;

  constructor(reader: DecisionReader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
  }

  /** @throws ValidationFailedError for a range that makes no sense or holds too many decisions */
  async compare(
    request: ComparisonRequest,
  ): Promise<Range & { decisionType: string; items: ComparedAgent[] }> {
    const { decisionType, agentIds } = request;
    const now = this.#clock();
    const range = rangeOf(request, now);
    const asOf = now.toISOString();
    const budget = this.#reader.budget();
    const rates: Rate[] = [];
    for (const agentId of agentIds) {
      const tally = new RateTally();
      for await (const decision of this.#reader.decisions(agentId, decisionType, windowOf(range))) {
        budget.spend(request.from === undefined ? 'windowDays' : 'from');
        tally.add(decision, asOf);
      }
      rates.push(tally.rate());
    }
    const compared = compareEach(rates);
    const items = agentIds.map((agentId, i) => ({ agentId, ...rates[i]!, againstOthers: compared[i]! }));
    return { ...range, decisionType, items };
  }
}

function compareEach(rates: readonly Rate[]): (AgainstOthers | null)[] {
  const sum = (pick: (rate: Rate) => number) => rates.reduce((total, rate) => total + pick(rate), 0);
  const n = sum((rate) => rate.n);
  const successes = sum((rate) => rate.successes);
  const single = rates.map((rate) => {
    const others = { ...rate, n: n - rate.n, successes: successes - rate.successes };
    const difference = differenceOf(rate, others);
    if (!difference) return null;
    const tails = { upper: 1, lower: 1 };
    fisherTails(...tableOf(rate, others), tails);
    return { ...difference, pValue: Math.min(1, 2 * Math.min(tails.upper, tails.lower)) };
  });
  const adjusted = holm(single.flatMap((found) => (found ? [found.pValue] : [])));
  let next = 0;
  return single.map((found) => found && { ...found, adjustedP: adjusted[next++]! });
}
