import { parseWindowedPath } from '../mining/cases/windowed-path.ts';
import { SeenIndex } from '../cases/window-cases.ts';
import { ValidationFailedError } from '../shared/errors.ts';
import type { Clock } from '../shared/platform/clock.ts';
import type { SuccessRateAnswer, SuccessRateRequest } from './contract.ts';
import { type DecisionReader, rangeOf, windowOf } from './decision-reader.ts';
import { RateTally } from './rate.ts';
import { ValueBreakdown } from './value-breakdown.ts';

/** Measures an agent's success rates, as its outcomes are known now. */
export class SuccessRates {
  readonly #reader: DecisionReader;
  readonly #clock: Clock;

  constructor(reader: DecisionReader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
  }

  /** @throws ValidationFailedError for a range that makes no sense or holds too many decisions */
  async measure(agentId: string, request: SuccessRateRequest): Promise<SuccessRateAnswer> {
    const { decisionType, path, value } = request;
    if (value !== undefined && path === undefined)
      throw ValidationFailedError.at('value', 'needs the path it is a value of');
    const windowed = path === undefined ? undefined : parseWindowedPath(path);
    if (windowed?.kind === 'after')
      throw ValidationFailedError.at('path', 'is a sequence; patterns/test has its numbers');
    const now = this.#clock();
    const range = rangeOf(request, now);
    const asOf = now.toISOString();
    const window = windowOf(range);
    const { cases } = this.#reader;
    const signals = windowed ? [windowed] : [];
    const seen = windowed ? await cases.seenIn(agentId, window, [path!]) : new SeenIndex();
    const breakdown = path === undefined ? undefined : new ValueBreakdown(path, asOf, cases.settings, value);
    const budget = this.#reader.budget();
    const totals = new RateTally();
    const types = [];
    for (const type of await this.#reader.types(agentId, decisionType)) {
      const ofType = new RateTally();
      for await (const decision of this.#reader.decisions(agentId, type, window)) {
        budget.spend(request.from === undefined ? 'windowDays' : 'from');
        totals.add(decision, asOf);
        ofType.add(decision, asOf);
        breakdown?.add(decision, cases.featuresOf(decision, seen, signals));
      }
      types.push({ decisionType: type, ...ofType.rate() });
    }
    return { agentId, ...range, totals: totals.rate(), types, ...parts(breakdown) };
  }
}

const parts = (breakdown: ValueBreakdown | undefined) =>
  breakdown?.parts() ?? { items: [], truncated: false };
