import { type Correction, sizesOf } from '../../../lambdas/mining/judging/correction.ts';
import { fisherTails } from '../../../lambdas/mining/statistics/fisher.ts';
import type { Counts } from '../../../lambdas/mining/statistics/two-by-two.ts';
import { MAX_CONDITIONS, type Tested } from '../../../lambdas/mining/search/tested.ts';
import { benjaminiHochberg } from '../../../lambdas/mining/statistics/multiple-tests.ts';

/**
 * Corrections the service does not use, to hold the one it uses against. All of them correct the largest p-value of a
 * conjunction's comparisons.
 */

const ASSERTIONS = 2;

/** False discovery rate over everything tested in the run. */
export const overAll: Correction = (tested) => {
  const { length } = tested;
  const both = new Float64Array(2 * length);
  both.set(tested.success.largest());
  both.set(tested.failure.largest(), length);
  const q = benjaminiHochberg(both, ASSERTIONS * tested.tests);
  return { success: q.subarray(0, length), failure: q.subarray(length) };
};

const scaled = (tested: Tested, factors: readonly number[]): ReturnType<Correction> => {
  const sizes = sizesOf(tested);
  const corrected = (p: Float64Array): Float64Array => p.map((value, i) => value * factors[sizes[i]! - 1]!);
  return { success: corrected(tested.success.largest()), failure: corrected(tested.failure.largest()) };
};

/** The level shared equally by the sizes of conjunctions, Bonferroni within each. @see Webb (2008) */
export const layered: Correction = (tested) =>
  scaled(
    tested,
    Array.from(tested.ofSize, (conjunctions) => ASSERTIONS * MAX_CONDITIONS * conjunctions),
  );

/**
 * The same, counting only what could have become significant: a conjunction of five rows cannot, whatever their
 * outcomes. @see Tarone (1990), Biometrics 46:515–522; Terada et al. (2013), PNAS 110:12996–13001
 */
export const layeredTestable =
  (level: number): Correction =>
  (tested, totals) => {
    const sizes = sizesOf(tested);
    const least = attainable(tested, totals);
    const factors = Array.from(tested.ofSize, (_, i) => {
      const ofSize = least.filter((_p, index) => sizes[Math.floor(index / ASSERTIONS)] === i + 1).sort();
      // the smallest count k such that no more than k could reach level / k
      let k = 1;
      while (k < ofSize.length && ofSize[k]! <= level / (MAX_CONDITIONS * k)) k++;
      return MAX_CONDITIONS * k;
    });
    return scaled(tested, factors);
  };

/** The smallest p-values a conjunction's rows allow against all others: all successes, and all failures. */
function attainable(tested: Tested, { n, successes }: Counts): Float64Array {
  const tails = { upper: 1, lower: 1 };
  const least = new Float64Array(ASSERTIONS * tested.length);
  tested.n.view().forEach((rows, index) => {
    const best = Math.min(rows, successes);
    fisherTails(best, rows - best, successes - best, n - successes - (rows - best), tails);
    least[ASSERTIONS * index] = tails.upper;
    const worst = Math.max(0, rows - (n - successes));
    fisherTails(worst, rows - worst, successes - worst, n - successes - (rows - worst), tails);
    least[ASSERTIONS * index + 1] = tails.lower;
  });
  return least;
}

/** No correction: what the first half of a split log is searched with. */
export const uncorrected: Correction = (tested) => ({
  success: tested.success.largest(),
  failure: tested.failure.largest(),
});
