import { Float64List, Uint16List, Uint32List } from '../cases/number-list.ts';

/** Marks the unused places of a conjunction of fewer than three features. */
export const NONE = 0xffff;

/** Conditions in one conjunction, at most. */
export const MAX_CONDITIONS = 3;

/** Kinds of comparison: with all others, with parts that lack one condition, with parts that lack two. */
export const OTHERS = 0;
export const COMPARED = [OTHERS, 1, 2] as const;

/** The p-values of one assertion. Each kind of comparison has a column with its largest p; 0 where there are none. */
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

/** The tested conjunctions, column by column: indexes of features, counts, and p-values of both assertions. */
export class Tested {
  readonly first = new Uint16List();
  readonly second = new Uint16List();
  readonly third = new Uint16List();
  readonly n = new Uint32List();
  readonly successes = new Uint32List();
  readonly success = new PValues();
  readonly failure = new PValues();
  /** Number of tested conjunctions, at the number of their conditions less one. It includes those only counted. */
  readonly ofSize = new Uint32Array(MAX_CONDITIONS);

  /** Tests that were only counted, by the reason of their failure, over both assertions. */
  belowBaseline = 0;
  notSignificant = 0;

  /** Number of conjunctions that are kept. */
  get length(): number {
    return this.n.length;
  }

  /** Number of conjunctions that were tested. */
  get tests(): number {
    return this.length + (this.belowBaseline + this.notSignificant) / 2;
  }
}
