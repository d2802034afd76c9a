import type { Counts } from './counts.ts';
import { MAX_CONDITIONS, NONE, type Tested } from './tested.ts';

/**
 * Corrected p-values of every tested conjunction, by its index. As they come out of the correction: above 1 they still
 * say which is nearer.
 */
export interface Corrected {
  readonly success: Float64Array;
  readonly failure: Float64Array;
}

/** Turns what was tested into p-values that hold for all of it together. @param totals all cases */
export type Correction = (tested: Tested, totals: Counts) => Corrected;

/**
 * How the level is shared: comparisons with all others (equally among the sizes of conjunctions), with parts that lack
 * one condition, with parts that lack two. Most goes where a comparison has the fewest rows, hence the least power.
 */
const SHARES = { others: 0.2, lackingOne: 0.6, lackingTwo: 0.2 } as const;
const ASSERTIONS = 2;

/**
 * Each comparison is corrected for the number of ways in which it could have been made, for either assertion: one with
 * all others for the tested conjunctions of the same size; one with a part that lacks j conditions for the tested
 * conjunctions of size j, any of which could have been what was added to that part. The corrected p is the largest.
 *
 * Where nothing has an effect, by Bonferroni, a conjunction passes against all others with at most its share of the
 * level. Where a rule is true, one of its extensions that add nothing passes with at most the shares of its parts: the
 * number of false patterns is bounded in proportion to the true ones. What it does not pay for is what needs no
 * defence: a true conjunction must stand out from its part among the conditions that could extend that part, not among
 * all triples. Correcting the largest p for everything tested loses a quarter of the rules of two conditions at +35
 * points among 1,000 decisions; see ADR 007.
 *
 * @see Webb (2008), Layered critical values: a powerful direct-adjustment approach to discovering significant patterns,
 * Machine Learning 71:307–323, from which the sharing among sizes is taken
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

/** Conditions of each tested conjunction. */
export function sizesOf({ second, third }: Tested): Uint8Array {
  const seconds = second.view();
  const thirds = third.view();
  return Uint8Array.from(seconds, (feature, i) => (thirds[i] !== NONE ? 3 : feature !== NONE ? 2 : 1));
}

/**
 * Share of the level a look may spend when only some of its cases are new. Every night looks again at nearly the same
 * decisions, and what chance refuses it once it offers sixty times: with the full level each night one log in seven
 * without any effect promotes something within 60 nights. So a look spends what is new of it, at least a twentieth.
 * The first look, and one after a long pause or an import, has it all.
 */
export const levelShare = (newShare: number): number => Math.max(LEAST_SHARE, Math.min(1, newShare));
const LEAST_SHARE = 0.05;
