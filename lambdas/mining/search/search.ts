import type { CaseTable } from '../cases/case-table.ts';
import { countConjunctions } from './conjunction-counter.ts';
import { type ConjunctionCounts, NOT_COUNTED, prepareCounts, tripleIndex } from './conjunction-counts.ts';
import type { Feature, FeatureTable } from '../cases/feature-table.ts';
import { fisherTails } from '../statistics/fisher.ts';
import { wilsonLowerBound } from '../statistics/wilson.ts';
import { COMPARED, NONE, OTHERS, Tested } from './tested.ts';
import { MAX_FEATURES_IN_TRIPLES, MAX_TESTS_KEPT } from '../settings.ts';
import type { Asserts } from '../vocabulary.ts';
import type { MiningSettings } from '../types.ts';

/**
 * A conjunction whose p is above this for both assertions is not compared further, because most conjunctions fail their
 * first comparisons. A p above it is recorded as 1. A corrected p is never below p. So every corrected p up to this
 * bound stays exact, and no other becomes smaller.
 */
export const LARGEST_EXACT_P = 0.25;

/**
 * Tests every conjunction of up to three features that occurs often enough: every extension of a rare one is rare too.
 * No case has two values of one path, but a case may have two elements of one set. First everything is counted, then
 * tested.
 */
export class Search {
  readonly #features: readonly Feature[];
  readonly #table: CaseTable;
  readonly #settings: MiningSettings;
  readonly #counts: ConjunctionCounts;
  readonly #tails = { upper: 1, lower: 1 };
  readonly #tested = new Tested();
  /** Largest p-values so far, over all comparisons, and below by kind of comparison. */
  #pSuccess = 0;
  #pFailure = 0;
  readonly #success = new Float64Array(COMPARED.length);
  readonly #failure = new Float64Array(COMPARED.length);
  #n = 0;
  #successes = 0;

  constructor(found: FeatureTable, table: CaseTable, settings: MiningSettings) {
    this.#features = found.features;
    this.#table = table;
    this.#settings = settings;
    const among = settings.maxConditions < 3 ? [] : this.#commonest(MAX_FEATURES_IN_TRIPLES);
    this.#counts = prepareCounts(found, table, Math.max(1, settings.minOccurrences), among);
  }

  /** Number of features that are tested only alone and in pairs, because there are too many for all triples. */
  get notInTriples(): number {
    return this.#settings.maxConditions < 3
      ? 0
      : Math.max(0, this.#features.length - MAX_FEATURES_IN_TRIPLES);
  }

  run(): Tested {
    const count = this.#features.length;
    const { maxConditions } = this.#settings;
    if (maxConditions >= 2) countConjunctions(this.#counts);
    for (let i = 0; i < count; i++) {
      const { n, successes } = this.#features[i]!;
      this.#begin(1, n, successes);
      this.#record(i, NONE, NONE);
      if (maxConditions < 2) continue;
      for (let j = i + 1; j < count; j++) this.#pair(i, j);
    }
    if (maxConditions >= 3) this.#triples();
    return this.#tested;
  }

  #pair(i: number, j: number): void {
    const slot = i * this.#features.length + j;
    if (!this.#isTested(this.#counts.pairN[slot]!)) return;
    this.#begin(2, this.#counts.pairN[slot]!, this.#counts.pairSuccesses[slot]!);
    this.#againstFeature(i, 1);
    this.#againstFeature(j, 1);
    this.#record(i, j, NONE);
  }

  #triples(): void {
    const { among, pairN, tripleN, tripleSuccesses } = this.#counts;
    const width = this.#features.length;
    for (let a = 0; a < among.length; a++) {
      const i = among[a]!;
      for (let b = a + 1; b < among.length; b++) {
        const j = among[b]!;
        if (!this.#isTested(pairN[i * width + j]!)) continue;
        for (let c = b + 1; c < among.length; c++) {
          const place = tripleIndex(among.length, a, b, c);
          if (!this.#isTested(tripleN[place]!)) continue;
          const k = among[c]!;
          this.#begin(3, tripleN[place]!, tripleSuccesses[place]!);
          this.#againstFeature(i, 2);
          this.#againstFeature(j, 2);
          this.#againstFeature(k, 2);
          this.#againstPair(i * width + j);
          this.#againstPair(i * width + k);
          this.#againstPair(j * width + k);
          this.#record(i, j, k);
        }
      }
    }
  }

  #isTested(n: number): boolean {
    return n !== NOT_COUNTED && n >= this.#counts.minOccurrences;
  }

  #commonest(limit: number): number[] {
    const indexes = this.#features.map((_, index) => index);
    if (indexes.length <= limit) return indexes;
    return indexes
      .sort((a, b) => this.#features[b]!.n - this.#features[a]!.n || a - b)
      .slice(0, limit)
      .sort((a, b) => a - b);
  }

  /** Begins a conjunction, and compares it with the other decisions of the type. */
  #begin(size: number, n: number, successes: number): void {
    this.#tested.ofSize[size - 1]!++;
    this.#n = n;
    this.#successes = successes;
    this.#pSuccess = 0;
    this.#pFailure = 0;
    this.#success.fill(0);
    this.#failure.fill(0);
    this.#against(this.#table.count, this.#table.successes, OTHERS);
  }

  #againstFeature(index: number, lacking: 1 | 2): void {
    const { n, successes } = this.#features[index]!;
    this.#against(n, successes, lacking);
  }

  #againstPair(slot: number): void {
    this.#against(this.#counts.pairN[slot]!, this.#counts.pairSuccesses[slot]!, 1);
  }

  /** Compares with the cases of a larger set that lack the rest of the conditions. The largest p counts. */
  #against(n: number, successes: number, kind: (typeof COMPARED)[number]): void {
    if (this.#pSuccess > LARGEST_EXACT_P && this.#pFailure > LARGEST_EXACT_P) return;
    const failures = this.#n - this.#successes;
    const otherSuccesses = successes - this.#successes;
    fisherTails(this.#successes, failures, otherSuccesses, n - successes - failures, this.#tails);
    const { upper, lower } = this.#tails;
    this.#pSuccess = Math.max(this.#pSuccess, upper);
    this.#pFailure = Math.max(this.#pFailure, lower);
    this.#success[kind] = Math.max(this.#success[kind]!, upper);
    this.#failure[kind] = Math.max(this.#failure[kind]!, lower);
  }

  #record(i: number, j: number, k: number): void {
    const tested = this.#tested;
    if (
      tested.length >= MAX_TESTS_KEPT &&
      this.#pSuccess > LARGEST_EXACT_P &&
      this.#pFailure > LARGEST_EXACT_P
    ) {
      this.#countOnly('success');
      this.#countOnly('failure');
      return;
    }
    tested.first.push(i);
    tested.second.push(j);
    tested.third.push(k);
    tested.n.push(this.#n);
    tested.successes.push(this.#successes);
    for (const kind of COMPARED) {
      tested.success.columns[kind]!.push(this.#pSuccess > LARGEST_EXACT_P ? 1 : this.#success[kind]!);
      tested.failure.columns[kind]!.push(this.#pFailure > LARGEST_EXACT_P ? 1 : this.#failure[kind]!);
    }
  }

  #countOnly(asserts: Asserts): void {
    if (isAboveBaseline(this.#table, asserts, this.#n, this.#successes, this.#settings))
      this.#tested.notSignificant++;
    else this.#tested.belowBaseline++;
  }
}

/** True when the lower bound of the asserted rate lies above the share among all cases. Called millions of times a run. */
export function isAboveBaseline(
  table: CaseTable,
  asserts: Asserts,
  n: number,
  successes: number,
  settings: MiningSettings,
): boolean {
  const all = asserts === 'success' ? table.successes : table.count - table.successes;
  const asserted = asserts === 'success' ? successes : n - successes;
  return wilsonLowerBound(asserted, n, settings.wilsonZ) > all / Math.max(1, table.count);
}
