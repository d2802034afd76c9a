import { type ConjunctionCounts, NOT_COUNTED, tripleIndex } from './conjunction-counts.ts';
import { FeatureRows } from './feature-rows.ts';

/** Fills in the counts of all pairs, then those of all triples. */
export function countConjunctions(counts: ConjunctionCounts): void {
  const counter = new ConjunctionCounter(counts);
  counter.pairs();
  counter.triples();
}

/**
 * Counts conjunctions, the pairs before the triples.
 *
 * Where the values of a path divide all cases among them, the count of the last value is a difference, and no case is
 * visited. So of the 64 conjunctions of three fields with four values each, only 27 are counted.
 */
class ConjunctionCounter {
  readonly #counts: ConjunctionCounts;
  readonly #first: FeatureRows;
  readonly #both: FeatureRows;
  /**
   * By feature in triples: the first feature of its path, where this one is the rest that the others leave. Otherwise the
   * feature itself.
   */
  readonly #firstOfPath: Uint16Array;
  #n = 0;
  #successes = 0;

  constructor(counts: ConjunctionCounts) {
    this.#counts = counts;
    this.#first = new FeatureRows(counts);
    this.#both = new FeatureRows(counts);
    const { among, isRest, pathStart } = counts;
    this.#firstOfPath = among.map((feature, position) => {
      const first = position - (feature - pathStart[feature]!);
      return isRest[feature] && among[first] === pathStart[feature] ? first : position;
    });
  }

  pairs(): void {
    const { pathStart, isElement, pairN, pairSuccesses, n } = this.#counts;
    const size = n.length;
    for (let i = 0; i < size; i++) {
      let loaded = false;
      for (let j = i + 1; j < size; j++) {
        if (pathStart[i] === pathStart[j] && !(isElement[i] && isElement[j])) continue;
        if (!this.#pairByRest(i, j)) {
          if (!loaded) this.#first.load(i);
          loaded = true;
          this.#count(this.#first, j);
        }
        pairN[i * size + j] = this.#n;
        pairSuccesses[i * size + j] = this.#successes;
      }
    }
  }

  triples(): void {
    const { among, tripleN, tripleSuccesses } = this.#counts;
    const size = among.length;
    for (let a = 0; a < size; a++) {
      const i = among[a]!;
      let loaded = false;
      for (let b = a + 1; b < size; b++) {
        const j = among[b]!;
        if (!this.#isFrequent(i, j)) continue;
        let intersected = false;
        for (let c = b + 1; c < size; c++) {
          const k = among[c]!;
          if (!this.#isFrequent(i, k) || !this.#isFrequent(j, k)) continue;
          if (!this.#tripleByRest(a, b, c)) {
            if (!loaded) this.#first.load(i);
            if (!intersected) this.#both.intersect(this.#first, j);
            loaded = intersected = true;
            this.#count(this.#both, k);
          }
          const place = tripleIndex(size, a, b, c);
          tripleN[place] = this.#n;
          tripleSuccesses[place] = this.#successes;
        }
      }
    }
  }

  #count(rows: FeatureRows, feature: number): void {
    rows.count(feature);
    this.#n = rows.n;
    this.#successes = rows.successes;
  }

  #isFrequent(i: number, j: number): boolean {
    const { n, pairN, minOccurrences } = this.#counts;
    const count = pairN[i * n.length + j]!;
    return count !== NOT_COUNTED && count >= minOccurrences;
  }

  #pairByRest(i: number, j: number): boolean {
    const { n, successes, pathStart, isRest, pairN, pairSuccesses } = this.#counts;
    const size = n.length;
    if (isRest[j]) {
      this.#begin(n[i]!, successes[i]!);
      for (let other = pathStart[j]!; other < j; other++)
        if (!this.#less(pairN, pairSuccesses, i * size + other)) return false;
      return true;
    }
    if (!isRest[i]) return false;
    this.#begin(n[j]!, successes[j]!);
    for (let other = pathStart[i]!; other < i; other++)
      if (!this.#less(pairN, pairSuccesses, other * size + j)) return false;
    return true;
  }

  #tripleByRest(a: number, b: number, c: number): boolean {
    const { among, tripleN, tripleSuccesses } = this.#counts;
    const size = among.length;
    const less = (place: number): boolean => this.#less(tripleN, tripleSuccesses, place);
    const firstC = this.#firstOfPath[c]!;
    const firstB = this.#firstOfPath[b]!;
    const firstA = this.#firstOfPath[a]!;
    let known = false;
    if (firstC < c) {
      known = this.#beginWithPair(among[a]!, among[b]!);
      for (let other = firstC; known && other < c; other++) known = less(tripleIndex(size, a, b, other));
    }
    if (!known && firstB < b) {
      known = this.#beginWithPair(among[a]!, among[c]!);
      for (let other = firstB; known && other < b; other++) known = less(tripleIndex(size, a, other, c));
    }
    if (!known && firstA < a) {
      known = this.#beginWithPair(among[b]!, among[c]!);
      for (let other = firstA; known && other < a; other++) known = less(tripleIndex(size, other, b, c));
    }
    return known;
  }

  #beginWithPair(i: number, j: number): boolean {
    const { n, pairN, pairSuccesses } = this.#counts;
    this.#begin(pairN[i * n.length + j]!, pairSuccesses[i * n.length + j]!);
    return true;
  }

  #begin(n: number, successes: number): void {
    this.#n = n;
    this.#successes = successes;
  }

  /** Subtracts a count. @returns false when that conjunction was not counted */
  #less(n: Uint32Array, successes: Uint32Array, place: number): boolean {
    if (n[place] === NOT_COUNTED) return false;
    this.#n -= n[place]!;
    this.#successes -= successes[place]!;
    return true;
  }
}
