import type { Counts } from '../statistics/two-by-two.ts';
import { MAX_CONDITIONS, NONE, type Tested } from '../search/tested.ts';

/** Corrected p-values of every tested conjunction, by its index. They are not cut at 1: above it they still rank. */
export interface Corrected {
  readonly success: Float64Array;
  readonly failure: Float64Array;
}

/** Corrects the p-values of all tests, so that they hold for all of them together. @param totals counts of all cases */
export type Correction = (tested: Tested, totals: Counts) => Corrected;

/**
 * Shares of the level: for comparisons with all others, with parts that lack one condition, and with parts that lack two.
 * The first share is divided equally among the sizes of conjunctions. Most goes to the comparisons with the fewest rows,
 * which have the least power.
 */
const SHARES = { others: 0.2, lackingOne: 0.6, lackingTwo: 0.2 } as const;
const ASSERTIONS = 2;

/**
 * Each comparison is corrected for the number of ways in which it could have been made, for either assertion. For one
 * with all others, that is the number of tested conjunctions of the same size. For one with a part that lacks j
 * conditions, it is the number of tested conjunctions of size j: each could extend the part. The corrected p is
 * the largest.
 *
 * Where nothing has an effect, a conjunction passes against all others with at most its share of the level, by
 * Bonferroni. Where a rule is true, an extension that adds nothing passes with at most the shares of its parts. So the
 * number of false patterns is bounded in proportion to the true ones.
 *
 * A true conjunction must only stand out from its part among the conditions that could extend that part, not among all
 * triples. Correcting the largest p for everything tested loses a quarter of the rules of two conditions at +35 points among
 * 1,000 decisions; see ADR 007.
 *
 * @see Webb (2008), Layered critical values: a powerful direct-adjustment approach to discovering significant patterns,
 * Machine Learning 71:307–323, for the sharing among sizes
 */
export const correctByExtension: Correction = (tested) => {
  const [singles, pairs] = tested.ofSize;
  const others = Array.from(
    tested.ofSize,
    (ofSize) => (ofSize * ASSERTIONS * MAX_CONDITIONS) / SHARES.others,
  );
  const lackingOne = (singles! * ASSERTIONS) / SHARES.lackingOne;
  const lackingTwo = (pairs! * ASSERTIONS) / SHARES.lackingTwo;
  const sizes = sizesOf(tested);
  const corrected = (asserts: 'success' | 'failure'): Float64Array => {
    const [all, one, two] = tested[asserts].columns.map((column) => column.view());
    return Float64Array.from(sizes, (size, i) =>
      Math.max(all![i]! * others[size - 1]!, one![i]! * lackingOne, two![i]! * lackingTwo),
    );
  };
  return { success: corrected('success'), failure: corrected('failure') };
};

/** Number of conditions of each tested conjunction. */
export function sizesOf({ second, third }: Tested): Uint8Array {
  const seconds = second.view();
  const thirds = third.view();
  return Uint8Array.from(seconds, (feature, i) => (thirds[i] !== NONE ? 3 : feature !== NONE ? 2 : 1));
}

/**
 * Share of the level that a run may spend when only some of its cases are new. Every night tests nearly the same
 * decisions again, so chance gets sixty tries in sixty nights. With the full level each night, one log in seven without
 * any effect promotes something within 60 nights. So a run spends the share of its new cases, at least a twentieth. The
 * first run, and one after a long pause or an import, spends it all.
 */
export const levelShare = (newShare: number): number => Math.max(LEAST_SHARE, Math.min(1, newShare));
const LEAST_SHARE = 0.05;
