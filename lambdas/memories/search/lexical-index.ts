/** BM25's usual parameters: how soon a repeated term says no more, and how much a long text is held against it. */
const K1 = 1.2;
const B = 0.75;

/** A posting is `slot × 256 + occurrences`, one number each. */
const TF_RANGE = 256;

/**
 * BM25 (Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework", with the idf that is never negative) over
 * texts given as terms, each under a slot number that only grows. What is removed is skipped, and no longer counted.
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

  get size(): number {
    return this.#texts;
  }

  /** @returns the slot it has from now on */
  add(terms: readonly string[]): number {
    const slot = this.#lengths.length;
    const occurrences = new Map<number, number>();
    for (const term of terms) {
      let id = this.#terms.get(term);
      if (id === undefined) {
        id = this.#postings.length;
        this.#terms.set(term, id);
        this.#postings.push([]);
        this.#counts.push(0);
      }
      occurrences.set(id, (occurrences.get(id) ?? 0) + 1);
    }
    for (const [id, count] of occurrences) {
      this.#postings[id]!.push(slot * TF_RANGE + Math.min(count, TF_RANGE - 1));
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

  /** The score of every slot; 0 where no term is. */
  score(terms: Iterable<string>): Float64Array {
    const scores = new Float64Array(this.#lengths.length);
    for (const term of new Set(terms)) {
      const id = this.#terms.get(term);
      if (id === undefined) continue;
      const idf = this.#idf(id);
      for (const posting of this.#postings[id]!) {
        const slot = Math.floor(posting / TF_RANGE);
        if (this.#lengths[slot]! > 0) scores[slot]! += idf * this.#saturation(slot, posting % TF_RANGE);
      }
    }
    return scores;
  }

  /** What each term adds to one slot's score, largest first. */
  explain(terms: Iterable<string>, slot: number): Record<string, number> {
    const parts: [string, number][] = [];
    for (const term of new Set(terms)) {
      const id = this.#terms.get(term);
      const count = id === undefined ? 0 : this.#occurrences(id, slot);
      if (id !== undefined && count > 0) parts.push([term, this.#idf(id) * this.#saturation(slot, count)]);
    }
    return Object.fromEntries(parts.sort((a, b) => b[1] - a[1]));
  }

  #idf(id: number): number {
    const count = this.#counts[id]!;
    return Math.log(1 + (this.#texts - count + 0.5) / (count + 0.5));
  }

  #saturation(slot: number, count: number): number {
    const relative = this.#lengths[slot]! / (this.#length / this.#texts);
    return (count * (K1 + 1)) / (count + K1 * (1 - B + B * relative));
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
    return posting !== undefined && Math.floor(posting / TF_RANGE) === slot ? posting % TF_RANGE : 0;
  }
}
