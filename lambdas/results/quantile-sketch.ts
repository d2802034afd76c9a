/** Up to this many values are kept as they are, and quantiles are exact. */
export const EXACT_VALUES = 256;
/** Beyond that a quantile is within this share of the value at its rank. */
export const RELATIVE_ERROR = 0.01;

const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_GAMMA = Math.log(GAMMA);

/** The bin whose values lie within the error of its middle. */
const binOf = (magnitude: number): number => Math.ceil(Math.log(magnitude) / LOG_GAMMA);
const middleOf = (bin: number): number => (2 * GAMMA ** bin) / (GAMMA + 1);

export type StoredSketch =
  | { readonly values: readonly number[] }
  /** Bin and count in turn, of values below 0 and above 0; and the number of zeros. */
  | { readonly below: readonly number[]; readonly above: readonly number[]; readonly zeros: number };

type Bins = Map<number, number>;

const count = (bins: Bins, bin: number, by: number): void => void bins.set(bin, (bins.get(bin) ?? 0) + by);
const pairs = (flat: readonly number[]): [number, number][] =>
  Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!]);
const byBin = (bins: Bins): [number, number][] => [...bins].sort(([a], [b]) => a - b);

/**
 * Quantiles of values that arrive in parts: merging two sketches gives the sketch of all their values, whatever the
 * order. Exact up to 256 values, within 1 % of the value beyond.
 * @see Masson, Rim & Lee (2019), DDSketch, PVLDB 12:2195–2205
 */
export class QuantileSketch {
  #values: number[] | undefined = [];
  readonly #below: Bins = new Map();
  readonly #above: Bins = new Map();
  #zeros = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(value: number): void {
    this.#count++;
    if (!this.#values) return this.#bin(value, 1);
    this.#values.push(value);
    if (this.#count > EXACT_VALUES) this.#binAll();
  }

  merge(other: QuantileSketch): void {
    if (this.#values && other.#values && this.#count + other.#count <= EXACT_VALUES) {
      this.#values.push(...other.#values);
      this.#count += other.#count;
      return;
    }
    this.#binAll();
    this.#count += other.#count;
    for (const value of other.#values ?? []) this.#bin(value, 1);
    for (const [bin, n] of other.#below) count(this.#below, bin, n);
    for (const [bin, n] of other.#above) count(this.#above, bin, n);
    this.#zeros += other.#zeros;
  }

  /** Between ranks, linearly; null where there is nothing. @param share 0 to 1 */
  quantile(share: number): number | null {
    if (this.#count === 0) return null;
    const rank = share * (this.#count - 1);
    const low = this.#at(Math.floor(rank));
    const high = this.#at(Math.ceil(rank));
    return low + (high - low) * (rank - Math.floor(rank));
  }

  toStored(): StoredSketch {
    if (this.#values) return { values: [...this.#values] };
    return { below: byBin(this.#below).flat(), above: byBin(this.#above).flat(), zeros: this.#zeros };
  }

  static fromStored(stored: StoredSketch): QuantileSketch {
    const sketch = new QuantileSketch();
    if ('values' in stored) {
      for (const value of stored.values) sketch.add(value);
      return sketch;
    }
    sketch.#values = undefined;
    for (const [bin, n] of pairs(stored.below)) count(sketch.#below, bin, n);
    for (const [bin, n] of pairs(stored.above)) count(sketch.#above, bin, n);
    sketch.#zeros = stored.zeros;
    for (const bins of [sketch.#below, sketch.#above]) for (const n of bins.values()) sketch.#count += n;
    sketch.#count += stored.zeros;
    return sketch;
  }

  #bin(value: number, by: number): void {
    if (value === 0) this.#zeros += by;
    else count(value < 0 ? this.#below : this.#above, binOf(Math.abs(value)), by);
  }

  #binAll(): void {
    for (const value of this.#values ?? []) this.#bin(value, 1);
    this.#values = undefined;
  }

  /** The value of a rank, counted from 0. */
  #at(rank: number): number {
    if (this.#values) {
      this.#values.sort((a, b) => a - b);
      return this.#values[rank]!;
    }
    let left = rank;
    for (const [bin, n] of byBin(this.#below).reverse()) if ((left -= n) < 0) return -middleOf(bin);
    if ((left -= this.#zeros) < 0) return 0;
    for (const [bin, n] of byBin(this.#above)) if ((left -= n) < 0) return middleOf(bin);
    throw new RangeError('rank beyond the sketch');
  }
}
