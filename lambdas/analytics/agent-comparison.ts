import { holm } from '../mining/statistics/multiple-tests.ts';
import { fisherTails } from '../mining/statistics/fisher.ts';
import type { Clock } from '../shared/platform/clock.ts';
import type { ComparedAgent, ComparisonAnswer, ComparisonRequest, Rate } from './contract.ts';
import { type DecisionReader, rangeOf, windowOf } from './decision-reader.ts';
import { differenceOf, RateTally, tableOf } from './rate.ts';

type AgainstOthers = ComparedAgent['againstOthers'];

/**
 * Compares the success rates of agents, as their outcomes are known now. A higher rate does not mean better decisions,
 * because agents meet different situations. For the same situation, see `patterns/test` and the agent's own
 * `success-rate?path=`.
 */
export class AgentComparison {
  readonly #reader: DecisionReader;
  readonly #clock: Clock;

  constructor(reader: DecisionReader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
  }

  /** @throws ValidationFailedError for a range that makes no sense or holds too many decisions */
  async compare(request: ComparisonRequest): Promise<ComparisonAnswer> {
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

/** Each rate against all the others together. @returns null where either side has no outcome */
function compareEach(rates: readonly Rate[]): AgainstOthers[] {
  const sum = (pick: (rate: Rate) => number) => rates.reduce((total, rate) => total + pick(rate), 0);
  const n = sum((rate) => rate.n);
  const successes = sum((rate) => rate.successes);
  const single = rates.map((rate) => {
    const others = { ...rate, n: n - rate.n, successes: successes - rate.successes };
    const difference = differenceOf(rate, others);
    if (!difference) return null;
    // Two-sided: twice the smaller tail.
    const tails = { upper: 1, lower: 1 };
    fisherTails(...tableOf(rate, others), tails);
    return { ...difference, pValue: Math.min(1, 2 * Math.min(tails.upper, tails.lower)) };
  });
  const adjusted = holm(single.flatMap((found) => (found ? [found.pValue] : [])));
  let next = 0;
  return single.map((found) => found && { ...found, adjustedP: adjusted[next++]! });
}
