import { detach } from '../../shared/text/memoize.ts';

/** BM25's usual parameters: saturation of repeated terms, and the penalty for long texts. */
const K1 = 1.2;
const B = 0.75;

/** A posting is `slot × 256 + occurrences`, one small integer each: slots stay below 2²³. */
const TF_BITS = 8;
const TF_RANGE = 1 << TF_BITS;
const TF_MASK = TF_RANGE - 1;

const saturation = (count: number, length: number): number =>
  (count * (K1 + 1)) / (count + K1 * (1 - B) + length);

/**
 * BM25 with an idf that is never negative, over texts given as terms. Each text has a slot number, and numbers only
 * grow. Removed texts are skipped and not counted.
 *
 * @see Robertson, Zaragoza (2009), "The Probabilistic Relevance Framework"
 */
export class LexicalIndex {
  readonly #terms = new Map<string, number>();
  readonly #postings: number[][] = [];
  readonly #counts: number[] = [];
  /** Terms in the text of a slot; 0 where there is none. */
  readonly #lengths: number[] = [];
  readonly #termsOfSlot: (Uint32Array | undefined)[] = [];
  #texts = 0;
  #length = 0;

  get slots(): number {
    return this.#lengths.length;
  }

  /** @returns the slot it has from now on */
  add(terms: readonly string[]): number {
    const slot = this.#lengths.length;
    const occurrences = new Map<number, number>();
    for (const term of terms) {
      let id = this.#terms.get(term);
      if (id === undefined) {
        id = this.#postings.length;
        this.#terms.set(detach(term), id);
        this.#postings.push([]);
        this.#counts.push(0);
      }
      occurrences.set(id, (occurrences.get(id) ?? 0) + 1);
    }
    for (const [id, count] of occurrences) {
      this.#postings[id]!.push(slot * TF_RANGE + Math.min(count, TF_MASK));
      this.#counts[id]!++;
    }
    this.#lengths.push(terms.length);
    this.#termsOfSlot.push(Uint32Array.from(occurrences.keys()));
    this.#texts++;
    this.#length += terms.length;
    return slot;
  }

  remove(slot: number): void {
    const terms = this.#termsOfSlot[slot];
    if (!terms) return;
    for (const id of terms) this.#counts[id]!--;
    this.#texts--;
    this.#length -= this.#lengths[slot]!;
    this.#lengths[slot] = 0;
    this.#termsOfSlot[slot] = undefined;
  }

  /**
   * Calls back for each term with what it adds to the score of every slot (0 where the slot lacks it), and the slots
   * that have it: the first `count` of them. Both arrays are reused.
   */
  forEachTerm(
    terms: Iterable<string>,
    visit: (parts: Float64Array, slots: Int32Array, count: number) => void,
  ): void {
    const parts = new Float64Array(this.#lengths.length);
    const slots = new Int32Array(this.#lengths.length);
    const weight = (K1 * B) / (this.#length / this.#texts);
    for (const term of new Set(terms)) {
      const id = this.#terms.get(term);
      if (id === undefined) continue;
      const idf = this.#idf(id);
      const postings = this.#postings[id]!;
      let count = 0;
      for (let i = 0; i < postings.length; i++) {
        const posting = postings[i]!;
        const slot = posting >>> TF_BITS;
        const length = this.#lengths[slot]!;
        if (length === 0) continue;
        parts[slot] = idf * saturation(posting & TF_MASK, weight * length);
        slots[count++] = slot;
      }
      visit(parts, slots, count);
      for (let i = 0; i < count; i++) parts[slots[i]!] = 0;
    }
  }

  /** One slot's score, added up as everywhere, and what each term adds to it, largest first. */
  explain(terms: Iterable<string>, slot: number): { score: number; terms: Record<string, number> } {
    const parts: [string, number][] = [];
    let score = 0;
    const weight = (K1 * B) / (this.#length / this.#texts);
    for (const term of new Set(terms)) {
      const id = this.#terms.get(term);
      const count = id === undefined ? 0 : this.#occurrences(id, slot);
      if (id === undefined || count === 0) continue;
      const part = this.#idf(id) * saturation(count, weight * this.#lengths[slot]!);
      parts.push([term, part]);
      score += part;
    }
    return { score, terms: Object.fromEntries(parts.sort((a, b) => b[1] - a[1])) };
  }

  #idf(id: number): number {
    const count = this.#counts[id]!;
    return Math.log(1 + (this.#texts - count + 0.5) / (count + 0.5));
  }

  /** Postings are in the order of their slots. */
  #occurrences(id: number, slot: number): number {
    const postings = this.#postings[id]!;
    let low = 0;
    let high = postings.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (postings[middle]! < slot * TF_RANGE) low = middle + 1;
      else high = middle;
    }
    const posting = postings[low];
    return posting !== undefined && posting >>> TF_BITS === slot ? posting & TF_MASK : 0;
  }
}
