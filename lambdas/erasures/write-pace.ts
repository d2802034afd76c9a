import { setTimeout as wait } from 'node:timers/promises';
import { SECOND_MS } from '../shared/platform/clock.ts';

/** Write units of an erasure a second: half of what one partition takes, so that requests have the other half. */
export const WRITE_UNITS_PER_SECOND = 500;

/** Holds an erasure to WRITE_UNITS_PER_SECOND: after each batch it waits until the time that its units are worth is over. */
export class WritePace {
  readonly #now: () => number;
  readonly #sleep: (milliseconds: number) => Promise<void>;
  /** The time at which the units used so far are worth their time. */
  #paidAt = -Infinity;

  /** @param now milliseconds of a clock that never goes back */
  constructor(now = () => performance.now(), sleep: (milliseconds: number) => Promise<void> = wait) {
    this.#now = now;
    this.#sleep = sleep;
  }

  /** @param units used by a batch that has just been written */
  async spend(units: number): Promise<void> {
    const now = this.#now();
    this.#paidAt = Math.max(this.#paidAt, now) + (units / WRITE_UNITS_PER_SECOND) * SECOND_MS;
    if (this.#paidAt > now) await this.#sleep(this.#paidAt - now);
  }
}
