import { type Difference, shareDifference } from '../mining/statistics/two-shares.ts';
import type { TwoByTwo } from '../mining/statistics/two-by-two.ts';
import { wilsonInterval } from '../mining/statistics/wilson.ts';
import { verdictOf } from '../cases/window-cases.ts';
import type { Decision } from '../decisions/decision.ts';

/** How often decisions succeeded, and how sure that is. */
export interface Rate {
  /** Decisions with an outcome that counts. */
  readonly n: number;
  readonly successes: number;
  /** successes / n; null where there is nothing. */
  readonly rate: number | null;
  /** 95 %, Wilson; null where there is nothing. */
  readonly interval: readonly [number, number] | null;
  /** Without an outcome by then; not in n. */
  readonly pending: number;
  /** Voided; not in n. */
  readonly voided: number;
}

export class RateTally {
  #successes = 0;
  #failures = 0;
  #pending = 0;
  #voided = 0;

  /** @param asOf outcomes known later are not known yet */
  add(decision: Decision, asOf: string): void {
    const verdict = verdictOf(decision, asOf);
    const { outcome } = decision;
    if (verdict === 'success') this.#successes++;
    else if (verdict === 'failure') this.#failures++;
    else if (outcome?.status === 'voided' && outcome.occurredAt <= asOf) this.#voided++;
    else this.#pending++;
  }

  /** Adds everything another has counted. */
  include(other: RateTally): void {
    this.#successes += other.#successes;
    this.#failures += other.#failures;
    this.#pending += other.#pending;
    this.#voided += other.#voided;
  }

  get decisions(): number {
    return this.#successes + this.#failures + this.#pending + this.#voided;
  }

  /** Those with an outcome that counts. */
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

/** One rate minus the other with its 95 % interval (Newcombe's method 10); null where either is of nothing. */
export const differenceOf = (one: Rate, other: Rate): Difference | null =>
  shareDifference([tableOf(one, other)]);
