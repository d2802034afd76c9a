import { type Difference, shareDifference } from '../mining/statistics/two-shares.ts';
import type { TwoByTwo } from '../mining/statistics/two-by-two.ts';
import { wilsonInterval } from '../mining/statistics/wilson.ts';
import { verdictOf } from '../cases/window-cases.ts';
import type { Decision } from '../decisions/decision.ts';
import type { Rate } from './contract.ts';

/** Counts decisions by outcome. */
export class RateTally {
  #successes = 0;
  #failures = 0;
  #pending = 0;
  #voided = 0;

  /** @param asOf time of the view: later outcomes do not count */
  add(decision: Decision, asOf: string): void {
    const verdict = verdictOf(decision, asOf);
    const { outcome } = decision;
    if (verdict === 'success') this.#successes++;
    else if (verdict === 'failure') this.#failures++;
    else if (outcome?.status === 'voided' && outcome.occurredAt <= asOf) this.#voided++;
    else this.#pending++;
  }

  /** Adds the counts of another tally. */
  include(other: RateTally): void {
    this.#successes += other.#successes;
    this.#failures += other.#failures;
    this.#pending += other.#pending;
    this.#voided += other.#voided;
  }

  get decisions(): number {
    return this.#successes + this.#failures + this.#pending + this.#voided;
  }

  /** Decisions with an outcome that counts. */
  get resolved(): number {
    return this.#successes + this.#failures;
  }

  rate(): Rate {
    const n = this.resolved;
    return {
      n,
      successes: this.#successes,
      rate: n === 0 ? null : this.#successes / n,
      interval: n === 0 ? null : wilsonInterval(this.#successes, n),
      pending: this.#pending,
      voided: this.#voided,
    };
  }
}

export const tableOf = (one: Rate, other: Rate): TwoByTwo => [
  one.successes,
  one.n - one.successes,
  other.successes,
  other.n - other.successes,
];

/** One rate minus the other, with its 95 % interval (Newcombe's method 10); null where either side has no outcome. */
export const differenceOf = (one: Rate, other: Rate): Difference | null =>
  shareDifference([tableOf(one, other)]);
