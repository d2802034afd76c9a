import type { CaseTable } from '../cases/case-table.ts';
import type { Corrected } from './correction.ts';
import { assertedOf, likelihoodRatio } from '../statistics/two-by-two.ts';
import { isAboveBaseline } from '../search/search.ts';
import { rejectByTime } from './promotion.ts';
import type { Tested } from '../search/tested.ts';
import { MAX_COMPARED } from '../settings.ts';
import type { Asserts } from '../vocabulary.ts';
import type { MiningSettings, RejectionReason } from '../types.ts';

/** One assertion of one tested conjunction. */
export interface Entry {
  readonly index: number;
  readonly asserts: Asserts;
  readonly n: number;
  readonly successes: number;
  readonly pValue: number;
  /** p corrected for everything tested; it may exceed 1. */
  readonly qValue: number;
  readonly reason: RejectionReason | 'significant';
}

/** Possible verdicts on a conjunction by itself. A code is a place in this list. */
const VERDICTS = [
  'significant',
  'below_baseline',
  'not_significant',
  'too_few_days',
  'recent_rate_below',
  'over_limit',
] as const;
const [SIGNIFICANT, OVER_LIMIT] = [0, 5];

/**
 * Judges every tested conjunction by itself, once per assertion. There are millions, so one that fails leaves only a code
 * and a count.
 */
export class Judge {
  readonly #table: CaseTable;
  readonly #settings: MiningSettings;
  readonly #tested: Tested;
  readonly #rowsOf: (index: number) => Uint32Array;
  readonly #corrected: Corrected;
  /** Number of conjunctions that are not among `entries`, by the reason of their failure. */
  readonly rejected = new Map<RejectionReason, number>();
  /** All that pass, and the nearest `maxCandidates` of each assertion that do not. Nearest to significance first. */
  readonly entries: readonly Entry[];
  /** Number of significant conjunctions left out: those beyond the strongest `MAX_COMPARED` of an assertion. */
  readonly notCompared: number;

  /** @param rowsOf gives the bitmap of a tested conjunction */
  constructor(
    table: CaseTable,
    settings: MiningSettings,
    tested: Tested,
    corrected: Corrected,
    rowsOf: (index: number) => Uint32Array,
  ) {
    this.#table = table;
    this.#settings = settings;
    this.#tested = tested;
    this.#corrected = corrected;
    this.#rowsOf = rowsOf;
    this.#reject('below_baseline', tested.belowBaseline);
    this.#reject('not_significant', tested.notSignificant);
    const verdicts = { success: this.#verdicts('success'), failure: this.#verdicts('failure') };
    const leftOut = (sum: number, code: number): number => sum + Number(code === OVER_LIMIT);
    this.notCompared = verdicts.failure.reduce(leftOut, verdicts.success.reduce(leftOut, 0));
    this.entries = (['success', 'failure'] as const)
      .flatMap((asserts) => this.#entriesOf(asserts, verdicts[asserts]))
      .sort(this.nearestFirst);
  }

  /** By q, then p, then the size of the effect where p underflows to 0, then the order of the features. */
  readonly nearestFirst = (a: Entry, b: Entry): number =>
    a.qValue - b.qValue ||
    a.pValue - b.pValue ||
    (a.pValue === 0 ? this.#strength(b.asserts, b) - this.#strength(a.asserts, a) : 0) ||
    a.index - b.index ||
    (a.asserts < b.asserts ? 1 : -1);

  #verdicts(asserts: Asserts): Uint8Array {
    const n = this.#tested.n.view();
    const successes = this.#tested.successes.view();
    const qValues = this.#corrected[asserts];
    const codes = new Uint8Array(this.#tested.length);
    const passing: number[] = [];
    for (let index = 0; index < codes.length; index++) {
      if (!isAboveBaseline(this.#table, asserts, n[index]!, successes[index]!, this.#settings))
        codes[index] = 1;
      else if (!(qValues[index]! <= this.#settings.maxQValue)) codes[index] = 2;
      else passing.push(index);
    }
    let left = MAX_COMPARED;
    for (const index of this.#strongestFirst(asserts, passing)) {
      const reason =
        left > 0 ? rejectByTime(this.#table, this.#rowsOf(index), asserts, this.#settings) : 'over_limit';
      if (reason) codes[index] = VERDICTS.indexOf(reason);
      else left--;
    }
    return codes;
  }

  /** Sorts only where not all are judged: otherwise the order does not matter. */
  #strongestFirst(asserts: Asserts, indexes: readonly number[]): readonly number[] {
    if (indexes.length <= MAX_COMPARED) return indexes;
    const n = this.#tested.n.view();
    const successes = this.#tested.successes.view();
    return indexes
      .map((index) => ({
        index,
        strength: this.#strength(asserts, { n: n[index]!, successes: successes[index]! }),
      }))
      .sort((a, b) => b.strength - a.strength || a.index - b.index)
      .map(({ index }) => index);
  }

  #entriesOf(asserts: Asserts, codes: Uint8Array): Entry[] {
    const n = this.#tested.n.view();
    const successes = this.#tested.successes.view();
    const qValues = this.#corrected[asserts];
    const pValues = this.#tested[asserts].largest();
    const near = this.#nearMiss(qValues, pValues, codes);
    const counts = new Uint32Array(VERDICTS.length);
    const entries: Entry[] = [];
    codes.forEach((code, index) => {
      const qValue = qValues[index]!;
      const pValue = pValues[index]!;
      if (code !== SIGNIFICANT && (code === OVER_LIMIT || qValue > near)) {
        counts[code]!++;
        return;
      }
      const counted = { n: n[index]!, successes: successes[index]! };
      entries.push({ index, asserts, ...counted, pValue, qValue, reason: VERDICTS[code]! });
    });
    VERDICTS.forEach((reason, code) => {
      if (reason !== 'significant') this.#reject(reason, counts[code]!);
    });
    return entries;
  }

  /** Corrected p of the last one among the nearest `maxCandidates` that are rejected. */
  #nearMiss(qValues: Float64Array, pValues: Float64Array, codes: Uint8Array): number {
    const rejected = qValues.filter(
      (_, index) => pValues[index]! < 1 && codes[index] !== SIGNIFICANT && codes[index] !== OVER_LIMIT,
    );
    return rejected.sort()[this.#settings.maxCandidates - 1] ?? Infinity;
  }

  #reject(reason: RejectionReason, count: number): void {
    if (count > 0) this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + count);
  }

  #strength(asserts: Asserts, counts: { readonly n: number; readonly successes: number }): number {
    const { totals } = this.#table;
    const a = assertedOf(asserts, counts);
    const c = assertedOf(asserts, totals) - a;
    return likelihoodRatio([a, counts.n - a, c, totals.n - counts.n - c]);
  }
}
