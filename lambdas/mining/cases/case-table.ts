import { countBits, countCommon, setBit } from './bitmap.ts';
import type { CaseColumns, CodedColumn, NumberColumn } from './case-columns.ts';
import type { RowList } from './number-list.ts';
import type { Condition, Scalar } from '../vocabulary.ts';

export const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * All cases in order of time, then of id, so that the order of adding does not matter. It also says which bit of a
 * bitmap is which case: successes fill the first words, failures the rest, each in order of time. One pass over a
 * bitmap then counts both.
 *
 * A row is a case by the order of adding, a rank by the order of time, a bit by its place in a bitmap.
 */
export class CaseTable {
  readonly cases: CaseColumns;
  readonly count: number;
  readonly successes: number;
  readonly words: number;
  /** Words that hold successes; the rest hold failures. */
  readonly successWords: number;
  /** The bits that are cases; the others only pad the last words. */
  readonly all: Uint32Array;
  readonly #rowOfRank: Uint32Array;
  readonly #rankOfBit: Uint32Array;
  readonly #bitOfRow: Uint32Array;
  readonly #timeOfRank: Float64Array;
  /** UTC days since 1970. */
  readonly #dayOfRank: Int32Array;
  /** Successes among the first r ranks. */
  readonly #successesBefore: Uint32Array;
  /** Scratch space of `ranksOf`, which is called hundreds of times a run. */
  readonly #unordered: Uint32Array;

  constructor(cases: CaseColumns) {
    this.cases = cases;
    const count = cases.count;
    const times = cases.times.view();
    const successes = cases.successes.view();
    this.count = count;
    this.successes = successes.reduce((sum, success) => sum + success, 0);
    this.successWords = Math.ceil(this.successes / 32);
    this.words = this.successWords + Math.ceil((count - this.successes) / 32);
    this.all = new Uint32Array(this.words);
    this.#rowOfRank = inOrderOfTime(cases);
    this.#rankOfBit = new Uint32Array(this.words * 32);
    this.#bitOfRow = new Uint32Array(count);
    this.#timeOfRank = new Float64Array(count);
    this.#dayOfRank = new Int32Array(count);
    this.#successesBefore = new Uint32Array(count + 1);
    this.#unordered = new Uint32Array(count);
    let nextSuccess = 0;
    let nextFailure = this.successWords * 32;
    for (let rank = 0; rank < count; rank++) {
      const row = this.#rowOfRank[rank]!;
      const success = successes[row]!;
      const bit = success === 1 ? nextSuccess++ : nextFailure++;
      this.#rankOfBit[bit] = rank;
      this.#bitOfRow[row] = bit;
      setBit(this.all, bit);
      this.#timeOfRank[rank] = times[row]!;
      this.#dayOfRank[rank] = Math.floor(times[row]! / DAY_MS);
      this.#successesBefore[rank + 1] = this.#successesBefore[rank]! + success;
    }
  }

  /** Counts of all cases. */
  get totals(): { readonly n: number; readonly successes: number } {
    return { n: this.count, successes: this.successes };
  }

  /** CaseColumns and successes in a bitmap. */
  counts(bitmap: Uint32Array): { readonly n: number; readonly successes: number } {
    const successes = countBits(bitmap, 0, this.successWords);
    return { n: successes + countBits(bitmap, this.successWords), successes };
  }

  /** CaseColumns and successes in both of two bitmaps. */
  shared(a: Uint32Array, b: Uint32Array): { readonly n: number; readonly successes: number } {
    const successes = countCommon(a, b, 0, 0, this.successWords);
    return { n: successes + countCommon(a, b, 0, this.successWords, this.words), successes };
  }

  empty(): Uint32Array {
    return new Uint32Array(this.words);
  }

  /** The cases that meet the condition. */
  bitmapOf(condition: Condition): Uint32Array {
    const bitmap = this.empty();
    const columns = this.cases.paths.get(condition.path);
    if (!columns) return bitmap;
    const { values, numbers, elements, present } = columns;
    switch (condition.op) {
      case 'eq':
        if (typeof condition.value === 'number')
          this.#markEqual(bitmap, numbers.rows, numbers.values.view(), condition.value);
        else this.#markCoded(bitmap, values, condition.value);
        break;
      case 'contains':
        this.#markCoded(bitmap, elements, condition.value);
        break;
      case 'in_range':
        this.#markBetween(bitmap, numbers, condition);
        break;
      case 'present':
        for (const rows of [present, values.rows, numbers.rows, elements.rows]) this.#markAll(bitmap, rows);
        break;
    }
    return bitmap;
  }

  #markCoded(bitmap: Uint32Array, { rows, codes, dictionary }: CodedColumn, value: Scalar): void {
    const code = dictionary.get(value);
    if (code !== undefined) this.#markEqual(bitmap, rows, codes.view(), code);
  }

  // The loops below run for every feature over every decision that has its field.

  #markEqual(bitmap: Uint32Array, rows: RowList, items: Uint32Array | Float64Array, wanted: number): void {
    const listed = rows.view();
    const bitOfRow = this.#bitOfRow;
    for (let i = 0; i < items.length; i++)
      if (items[i] === wanted) setBit(bitmap, bitOfRow[listed ? listed[i]! : i]!);
  }

  #markBetween(
    bitmap: Uint32Array,
    { rows, values }: NumberColumn,
    { min, max }: { readonly min: number | null; readonly max: number | null },
  ): void {
    const listed = rows.view();
    const bitOfRow = this.#bitOfRow;
    const items = values.view();
    const from = min ?? -Infinity;
    const to = max ?? Infinity;
    for (let i = 0; i < items.length; i++)
      if (items[i]! >= from && items[i]! < to) setBit(bitmap, bitOfRow[listed ? listed[i]! : i]!);
  }

  #markAll(bitmap: Uint32Array, rows: RowList): void {
    const listed = rows.view();
    for (let i = 0; i < rows.length; i++) setBit(bitmap, this.#bitOfRow[listed ? listed[i]! : i]!);
  }

  /** Ranks of a bitmap's cases, oldest first; rank 0 is the oldest of all. */
  ranksOf(bitmap: Uint32Array): Uint32Array {
    const { n, successes } = this.counts(bitmap);
    const unordered = this.#unordered;
    const rankOfBit = this.#rankOfBit;
    let next = 0;
    for (let i = 0; i < bitmap.length; i++)
      for (let word = bitmap[i]! | 0; word !== 0; word &= word - 1)
        unordered[next++] = rankOfBit[i * 32 + 31 - Math.clz32(word & -word)]!;
    // Successes and failures are each in order already; they are merged.
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

  /** Number of UTC days among ranks that are in order of time. */
  daysOf(ranks: Uint32Array): number {
    let days = 0;
    let last: number | undefined;
    for (let i = 0; i < ranks.length; i++) {
      const day = this.#dayOfRank[ranks[i]!]!;
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

/** Rows from the oldest decision to the newest. Nothing is sorted when they were added newest first or oldest first. */
function inOrderOfTime({ count, times, decisionIds: ids }: CaseColumns): Uint32Array {
  const at = times.view();
  const compare = (a: number, b: number): number =>
    at[a]! - at[b]! || (ids[a]! < ids[b]! ? -1 : ids[a]! > ids[b]! ? 1 : 0);
  const rows = Uint32Array.from({ length: count }, (_, row) => row);
  let ascends = true;
  let descends = true;
  for (let row = 1; row < count && (ascends || descends); row++) {
    const order = compare(row - 1, row);
    ascends &&= order <= 0;
    descends &&= order > 0;
  }
  if (ascends) return rows;
  return descends ? rows.reverse() : rows.sort(compare);
}
