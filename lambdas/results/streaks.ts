/** `[n, head, tail, longest won, longest lost]`; head and tail are runs, won above 0 and lost below. */
export type StoredStreaks = readonly [number, number, number, number, number];

/**
 * Runs of successes and of failures, in order of time. Two stretches that follow each other make one: a run may go on
 * over their border.
 */
export class Streaks {
  #n = 0;
  #head = 0;
  #tail = 0;
  #won = 0;
  #lost = 0;

  get longestWon(): number {
    return this.#won;
  }

  get longestLost(): number {
    return this.#lost;
  }

  /** The last run: above 0 won, below lost, 0 none. */
  get current(): number {
    return this.#tail;
  }

  add(success: boolean): void {
    const sign = success ? 1 : -1;
    this.append(Streaks.fromStored([1, sign, sign, success ? 1 : 0, success ? 0 : 1]));
  }

  /** @param later streaks of the time after this one's */
  append(later: Streaks): void {
    if (later.#n === 0) return;
    const isAllOne = (streaks: Streaks): boolean => Math.abs(streaks.#head) === streaks.#n;
    const joins = Math.sign(this.#tail) === Math.sign(later.#head);
    const joined = joins ? this.#tail + later.#head : 0;
    const head = this.#n === 0 ? later.#head : isAllOne(this) && joins ? joined : this.#head;
    const tail = isAllOne(later) && joins ? joined : later.#tail;
    this.#won = Math.max(this.#won, later.#won, joined);
    this.#lost = Math.max(this.#lost, later.#lost, -joined);
    this.#head = head;
    this.#tail = tail;
    this.#n += later.#n;
  }

  toStored(): StoredStreaks {
    return [this.#n, this.#head, this.#tail, this.#won, this.#lost];
  }

  static fromStored([n, head, tail, won, lost]: StoredStreaks): Streaks {
    const streaks = new Streaks();
    streaks.#n = n;
    streaks.#head = head;
    streaks.#tail = tail;
    streaks.#won = won;
    streaks.#lost = lost;
    return streaks;
  }
}
