import { Float64List, Uint16List, Uint32List } from './number-list.ts';

/** Unused places of a conjunction of fewer than three features. */
export const NONE = 0xffff;

/** Conditions in one conjunction, at most. */
export const MAX_CONDITIONS = 3;

/** What a conjunction is compared with: all others, its parts that lack one condition, its parts that lack two. */
export const OTHERS = 0;
export const COMPARED = [OTHERS, 1, 2] as const;

/**
 * The p-values of one assertion, a column for each kind of comparison: the largest of those; 0 where there are none.
 */
export class PValues {
  readonly columns: readonly Float64List[] = COMPARED.map(() => new Float64List());

  /** The p-value of each conjunction: the largest of all its comparisons. */
  largest(): Float64Array {
    const [first, ...others] = this.columns.map((column) => column.view());
    const largest = first!.slice();
    for (const column of others)
      for (let i = 0; i < largest.length; i++) largest[i] = Math.max(largest[i]!, column[i]!);
    return largest;
  }
}

/** The conjunctions that were tested, column by column: features by index, counts, and p-values of both assertions. */
export class Tested {
  readonly first = new Uint16List();
  readonly second = new Uint16List();
  readonly third = new Uint16List();
  readonly n = new Uint32List();
  readonly successes = new Uint32List();
  readonly success = new PValues();
  readonly failure = new PValues();
  /** Conjunctions tested, by the number of their conditions less one; those only counted too. */
  readonly ofSize = new Uint32Array(MAX_CONDITIONS);

  /** Of the tests that were only counted, how many failed for which reason, over both assertions. */
  belowBaseline = 0;
  notSignificant = 0;

  /** Conjunctions kept. */
  get length(): number {
    return this.n.length;
  }

  /** Conjunctions tested. */
  get tests(): number {
    return this.length + (this.belowBaseline + this.notSignificant) / 2;
  }
}
