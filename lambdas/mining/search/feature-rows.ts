import { countCommon, popcount } from '../cases/bitmap.ts';

/** Bitmaps of one length, one after another. In each, the bits of successes come first. */
export interface Bitmaps {
  /** Words of one bitmap, and those of them that hold successes. */
  readonly words: number;
  readonly successWords: number;
  readonly bits: Uint32Array;
}

/** With at most this share of words in use, only those words are listed. */
const SPARSE = 0.5;

/**
 * The cases of one or two features, ready to be counted together with one more. It holds the words of the bitmap while
 * most are in use, and a list of the words in use when they are few. A conjunction is soon sparse.
 */
export class FeatureRows {
  readonly #all: Bitmaps;
  readonly #own: Uint32Array;
  readonly #index: Uint32Array;
  readonly #word: Uint32Array;
  #dense: Uint32Array;
  #length = 0;
  /** Listed words that hold successes. */
  #split = 0;
  #isSparse = false;
  /** The result of the last call of `count`. */
  n = 0;
  successes = 0;

  constructor(all: Bitmaps) {
    this.#all = all;
    this.#own = new Uint32Array(all.words);
    this.#index = new Uint32Array(Math.ceil(all.words * SPARSE));
    this.#word = new Uint32Array(this.#index.length);
    this.#dense = this.#own;
  }

  load(feature: number): void {
    const { words, bits } = this.#all;
    this.#dense = bits.subarray(feature * words, (feature + 1) * words);
    let used = 0;
    for (let i = 0; i < words; i++) if (this.#dense[i] !== 0) used++;
    this.#compress(used);
  }

  /** Sets the cases to those of other rows that have one more feature. */
  intersect(rows: FeatureRows, feature: number): void {
    const { words, bits } = this.#all;
    const base = feature * words;
    if (rows.#isSparse) {
      this.#isSparse = true;
      this.#length = 0;
      this.#split = 0;
      for (let t = 0; t < rows.#length; t++) {
        if (t === rows.#split) this.#split = this.#length;
        const i = rows.#index[t]!;
        const both = rows.#word[t]! & bits[base + i]!;
        if (both !== 0) this.#list(i, both);
      }
      if (rows.#split === rows.#length) this.#split = this.#length;
      return;
    }
    const from = rows.#dense;
    const into = this.#own;
    let used = 0;
    for (let i = 0; i < words; i++) {
      const both = from[i]! & bits[base + i]!;
      into[i] = both;
      if (both !== 0) used++;
    }
    this.#dense = into;
    this.#compress(used);
  }

  /** Sets `n` and `successes` to those of the cases that have one more feature. */
  count(feature: number): void {
    const { words, successWords, bits } = this.#all;
    const base = feature * words;
    if (!this.#isSparse) {
      this.successes = countCommon(this.#dense, bits, base, 0, successWords);
      this.n = this.successes + countCommon(this.#dense, bits, base, successWords, words);
      return;
    }
    const index = this.#index;
    const word = this.#word;
    let count = 0;
    for (let t = 0; t < this.#split; t++) count += popcount(word[t]! & bits[base + index[t]!]!);
    this.successes = count;
    for (let t = this.#split; t < this.#length; t++) count += popcount(word[t]! & bits[base + index[t]!]!);
    this.n = count;
  }

  /** Lists the words in use when they are few. */
  #compress(used: number): void {
    const { words, successWords } = this.#all;
    this.#isSparse = used <= words * SPARSE;
    if (!this.#isSparse) return;
    this.#length = 0;
    for (let i = 0; i < words; i++) {
      if (i === successWords) this.#split = this.#length;
      const word = this.#dense[i]!;
      if (word !== 0) this.#list(i, word);
    }
    if (successWords === words) this.#split = this.#length;
  }

  #list(index: number, word: number): void {
    this.#index[this.#length] = index;
    this.#word[this.#length++] = word;
  }
}
