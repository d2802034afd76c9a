import { wilsonInterval } from '../mining/statistics/wilson.ts';
import type { TallyFigures } from './contract.ts';
import type { DecisionResult } from './decision-result.ts';
import { Earnings, type StoredEarnings } from './earnings.ts';
import { type StoredStreaks, Streaks } from './streaks.ts';

const kinds = ['success', 'failure', 'voided', 'open', 'pending'] as const;
type Counts = Record<(typeof kinds)[number], number>;

/** A part is absent where it has nothing. */
export interface StoredTally {
  /** One count for each kind, in the order of `kinds`. */
  readonly counts: readonly number[];
  /** Number of times its advice was not followed, and how many of those decisions failed. */
  readonly opposed?: readonly [number, number];
  readonly streaks?: StoredStreaks;
  readonly earnings?: StoredEarnings;
}

/** Counts, streaks and earnings of some decisions. Tallies of stretches of time that follow each other add up to the tally of all. */
export class Tally {
  readonly #counts: Counts = { success: 0, failure: 0, voided: 0, open: 0, pending: 0 };
  #opposed = 0;
  #opposedRightly = 0;
  #streaks = new Streaks();
  #earnings = new Earnings();

  get decisions(): number {
    return kinds.reduce((sum, kind) => sum + this.#counts[kind], 0);
  }

  get resolved(): number {
    return this.#counts.success + this.#counts.failure;
  }

  get successes(): number {
    return this.#counts.success;
  }

  /** Resolved decisions its advice was against, and those of them that failed. */
  get against(): { readonly n: number; readonly failures: number } {
    return { n: this.#opposed, failures: this.#opposedRightly };
  }

  get earnings(): Earnings {
    return this.#earnings;
  }

  /** Add results in order of time. */
  add({ kind, pnl }: DecisionResult): void {
    this.#counts[kind]++;
    if (kind === 'success' || kind === 'failure') this.#streaks.add(kind === 'success');
    if (pnl !== undefined) this.#earnings.add(pnl);
  }

  /** Adds a decision that went against the tallied advice. */
  addOpposed({ kind }: DecisionResult): void {
    if (kind !== 'success' && kind !== 'failure') return;
    this.#opposed++;
    if (kind === 'failure') this.#opposedRightly++;
  }

  /** @param later tally of a later stretch of time */
  append(later: Tally): void {
    for (const kind of kinds) this.#counts[kind] += later.#counts[kind];
    this.#opposed += later.#opposed;
    this.#opposedRightly += later.#opposedRightly;
    this.#streaks.append(later.#streaks);
    this.#earnings.merge(later.#earnings);
  }

  figures(): TallyFigures {
    const { success, failure, ...apart } = this.#counts;
    const n = success + failure;
    const { current, longestWon, longestLost } = this.#streaks;
    return {
      n,
      successes: success,
      rate: n === 0 ? null : success / n,
      interval: n === 0 ? null : [...wilsonInterval(success, n)],
      ...apart,
      pnl: this.#earnings.n === 0 ? null : this.#earnings.figures(),
      streaks: {
        longestWon,
        longestLost,
        current:
          current === 0 ? null : { status: current > 0 ? 'success' : 'failure', length: Math.abs(current) },
      },
    };
  }

  toStored(): StoredTally {
    return {
      counts: kinds.map((kind) => this.#counts[kind]),
      ...(this.#opposed > 0 && { opposed: [this.#opposed, this.#opposedRightly] as const }),
      ...(this.resolved > 0 && { streaks: this.#streaks.toStored() }),
      ...(this.#earnings.n > 0 && { earnings: this.#earnings.toStored() }),
    };
  }

  static fromStored({ counts, opposed, streaks, earnings }: StoredTally): Tally {
    const tally = new Tally();
    kinds.forEach((kind, i) => (tally.#counts[kind] = counts[i]!));
    [tally.#opposed, tally.#opposedRightly] = opposed ?? [0, 0];
    if (streaks) tally.#streaks = Streaks.fromStored(streaks);
    if (earnings) tally.#earnings = Earnings.fromStored(earnings);
    return tally;
  }
}
