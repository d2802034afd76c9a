import { countBits, forEachBit, setBit } from './bitmap.ts';
import type { Cases } from './cases.ts';
import { inRange } from './matching.ts';
import type { Condition, Scalar } from './types.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * All cases in order of time (then id, so the order of adding does not matter), and where each stands in a bitmap:
 * successes fill the first words, failures the rest, each in order of time. One pass over a bitmap then counts both.
 */
export class CaseTable {
  readonly cases: Cases;
  readonly count: number;
  readonly successes: number;
  readonly words: number;
  /** Words that hold successes; the rest hold failures. */
  readonly successWords: number;
  /** The bits that are cases: words are padded. */
  readonly all: Uint32Array;
  readonly #rowOfRank: readonly number[];
  readonly #rankOfBit: Uint32Array;
  readonly #bitOfRow: Uint32Array;
  readonly #timeOfRank: Float64Array;
  /** Successes among the first r ranks. */
  readonly #successesBefore: Uint32Array;

  constructor(cases: Cases) {
    this.cases = cases;
    const count = cases.count;
    const times = cases.times.view();
    const successes = cases.successes.view();
    const ids = cases.decisionIds;
    const order = Array.from({ length: count }, (_, row) => row).sort(
      (a, b) => times[a]! - times[b]! || (ids[a]! < ids[b]! ? -1 : ids[a]! > ids[b]! ? 1 : 0),
    );
    this.count = count;
    this.successes = successes.reduce((sum, success) => sum + success, 0);
    this.successWords = Math.ceil(this.successes / 32);
    this.words = this.successWords + Math.ceil((count - this.successes) / 32);
    this.all = new Uint32Array(this.words);
    this.#rowOfRank = order;
    this.#rankOfBit = new Uint32Array(this.words * 32);
    this.#bitOfRow = new Uint32Array(count);
    this.#timeOfRank = new Float64Array(count);
    this.#successesBefore = new Uint32Array(count + 1);
    let nextSuccess = 0;
    let nextFailure = this.successWords * 32;
    order.forEach((row, rank) => {
      const success = successes[row]!;
      const bit = success === 1 ? nextSuccess++ : nextFailure++;
      this.#rankOfBit[bit] = rank;
      this.#bitOfRow[row] = bit;
      setBit(this.all, bit);
      this.#timeOfRank[rank] = times[row]!;
      this.#successesBefore[rank + 1] = this.#successesBefore[rank]! + success;
    });
  }

  /** Of all cases. */
  get totals(): { readonly n: number; readonly successes: number } {
    return { n: this.count, successes: this.successes };
  }

  /** Cases and successes in a bitmap. */
  counts(bitmap: Uint32Array): { readonly n: number; readonly successes: number } {
    const successes = countBits(bitmap, 0, this.successWords);
    return { n: successes + countBits(bitmap, this.successWords), successes };
  }

  empty(): Uint32Array {
    return new Uint32Array(this.words);
  }

  /** Rows the condition holds for. */
  bitmapOf(condition: Condition): Uint32Array {
    const bitmap = this.empty();
    const columns = this.cases.paths.get(condition.path);
    if (!columns) return bitmap;
    const mark = (rows: Uint32Array, holds: (index: number) => boolean): void => {
      for (let i = 0; i < rows.length; i++) if (holds(i)) setBit(bitmap, this.#bitOfRow[rows[i]!]!);
    };
    const { values, numbers, elements, present } = columns;
    const coded = (column: typeof values, value: Scalar): void => {
      const code = column.dictionary.get(value);
      const codes = column.codes.view();
      if (code !== undefined) mark(column.rows.view(), (i) => codes[i] === code);
    };
    const all = numbers.values.view();
    switch (condition.op) {
      case 'eq':
        if (typeof condition.value === 'number') mark(numbers.rows.view(), (i) => all[i] === condition.value);
        else coded(values, condition.value);
        break;
      case 'contains':
        coded(elements, condition.value);
        break;
      case 'in_range':
        mark(numbers.rows.view(), (i) => inRange(all[i]!, condition));
        break;
      case 'present':
        for (const rows of [present, values.rows, numbers.rows, elements.rows]) mark(rows.view(), () => true);
        break;
    }
    return bitmap;
  }

  /** Ranks (0 is the oldest case) of a bitmap's rows, oldest first. */
  ranksOf(bitmap: Uint32Array): Uint32Array {
    const { n, successes } = this.counts(bitmap);
    const unordered = new Uint32Array(n);
    let next = 0;
    forEachBit(bitmap, 0, this.words, (bit) => {
      unordered[next++] = this.#rankOfBit[bit]!;
    });
    // successes and failures are each in order already
    const ranks = new Uint32Array(n);
    let success = 0;
    let failure = successes;
    for (let i = 0; i < n; i++) {
      const first = failure === n || (success < successes && unordered[success]! < unordered[failure]!);
      ranks[i] = unordered[first ? success++ : failure++]!;
    }
    return ranks;
  }

  /** @param bit one of `all` */
  rankOfBit(bit: number): number {
    return this.#rankOfBit[bit]!;
  }

  rowAt(rank: number): number {
    return this.#rowOfRank[rank]!;
  }

  timeAt(rank: number): number {
    return this.#timeOfRank[rank]!;
  }

  succeededAt(rank: number): boolean {
    return this.#successesBefore[rank + 1]! > this.#successesBefore[rank]!;
  }

  /** UTC days among ranks that are in order of time. */
  daysOf(ranks: Uint32Array): number {
    let days = 0;
    let last = Number.NaN;
    for (const rank of ranks) {
      const day = Math.floor(this.timeAt(rank) / DAY_MS);
      if (day !== last) days++;
      last = day;
    }
    return days;
  }

  /** All cases from one time to another, both inclusive. */
  countsBetween(from: number, to: number): { readonly n: number; readonly successes: number } {
    const first = this.#firstRank((time) => time >= from);
    const end = this.#firstRank((time) => time > to);
    return { n: end - first, successes: this.#successesBefore[end]! - this.#successesBefore[first]! };
  }

  #firstRank(reached: (time: number) => boolean): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (reached(this.#timeOfRank[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
