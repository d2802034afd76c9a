import { normalUpperTail } from './normal-distribution.ts';
import type { TwoByTwo } from './two-by-two.ts';

/**
 * Tests of an effect within strata (agents, hours, weeks), whatever their sizes and base rates. Rates of the whole
 * would be compared across strata. A stratum that is better at everything and meets a condition more often would then
 * make the condition look good (Simpson's paradox).
 */

/** Sums of the margins' ranges up to which the exact distribution is computed. Beyond it the normal one is close. */
export const MAX_EXACT_RANGE = 500;
/** Leave-outs that are tested: those that leave the least by the normal approximation, which ranks them in one pass. */
const LEAVE_OUTS = 3;

interface Moments {
  /** How far `a` lies above its expectation with all margins fixed. */
  readonly excess: number;
  /** Variance of `a` with all margins fixed (hypergeometric). */
  readonly variance: number;
}

function momentsOf([a, b, c, d]: TwoByTwo): Moments {
  const total = a + b + c + d;
  if (total < 2) return { excess: 0, variance: 0 };
  return {
    excess: a - ((a + b) * (a + c)) / total,
    variance: ((a + b) * (c + d) * (a + c) * (b + d)) / (total * total * (total - 1)),
  };
}

/** The moments added up over strata. @see Mantel & Haenszel (1959), JNCI 22:719–748 */
export function mantelHaenszel(strata: readonly TwoByTwo[]): Moments {
  let excess = 0;
  let variance = 0;
  for (const table of strata) {
    const moments = momentsOf(table);
    excess += moments.excess;
    variance += moments.variance;
  }
  return { excess, variance };
}

/**
 * One-sided Cochran–Mantel–Haenszel test with continuity correction: is `a` larger than independence within every
 * stratum would make it?
 */
export function stratifiedOneSided(strata: readonly TwoByTwo[]): number {
  const { excess, variance } = mantelHaenszel(strata);
  if (variance === 0) return 1;
  const corrected = Math.sign(excess) * Math.max(0, Math.abs(excess) - 0.5);
  return normalUpperTail(corrected / Math.sqrt(variance));
}

/** Values `a` can take with all margins fixed. */
const lowest = ([a, , , d]: TwoByTwo): number => Math.max(0, a - d);
const highest = ([a, b, c]: TwoByTwo): number => a + Math.min(b, c);

/** P(a = lowest), …, P(a = highest) of one 2×2 table with fixed margins (hypergeometric). */
function distribution(table: TwoByTwo): Float64Array {
  const [a, b, c, d] = table;
  const low = lowest(table);
  const size = highest(table) - low + 1;
  const weights = new Float64Array(size);
  // Ratios of neighbours from the observed value outwards, as logarithms: none of them under- or overflows.
  const logs = new Float64Array(size);
  const here = a - low;
  for (let i = here; i + 1 < size; i++) {
    const step = i - here;
    logs[i + 1] = logs[i]! + Math.log(((b - step) * (c - step)) / ((a + step + 1) * (d + step + 1)));
  }
  for (let i = here; i > 0; i--) {
    const step = here - i;
    logs[i - 1] = logs[i]! + Math.log(((a - step) * (d - step)) / ((b + step + 1) * (c + step + 1)));
  }
  const largest = logs.reduce((max, log) => Math.max(max, log), -Infinity);
  let sum = 0;
  for (let i = 0; i < size; i++) sum += weights[i] = Math.exp(logs[i]! - largest);
  return weights.map((weight) => weight / sum);
}

function convolve(left: Float64Array, right: Float64Array): Float64Array {
  const sums = new Float64Array(left.length + right.length - 1);
  left.forEach((p, i) => {
    if (p > 0) right.forEach((q, j) => (sums[i + j]! += p * q));
  });
  return sums;
}

/**
 * Exact one-sided test of conditional independence in 2×2×K tables. It is the chance of a sum of `a` at least as large
 * as the observed one, with all margins of all strata fixed. R: `mantelhaen.test(…, exact = TRUE, alternative = "greater")`.
 * @see Gart (1970), Biometrika 57:471–475; Mehta, Patel & Gray (1985), JASA 80:969–973
 */
export function stratifiedExact(strata: readonly TwoByTwo[]): number {
  let sums: Float64Array = Float64Array.of(1);
  let observed = 0;
  for (const table of strata) {
    sums = convolve(sums, distribution(table));
    observed += table[0] - lowest(table);
  }
  return Math.min(
    1,
    sums.subarray(observed).reduce((sum, p) => sum + p, 0),
  );
}

const rangeOf = (strata: readonly TwoByTwo[]): number =>
  strata.reduce((sum, table) => sum + highest(table) - lowest(table), 0);

/** One-sided p-value of a common effect: exact in small samples, Cochran–Mantel–Haenszel in large ones. */
export const commonEffect = (strata: readonly TwoByTwo[]): number =>
  rangeOf(strata) <= MAX_EXACT_RANGE ? stratifiedExact(strata) : stratifiedOneSided(strata);

/**
 * One-sided p-value of an effect in at least two strata: the largest p-value of a common effect when any one stratum
 * is left out. One stratum alone cannot make it small, whatever that stratum holds. 1 for fewer than two strata.
 *
 * It is the test of a partial conjunction (u = 2 of n). The stratified test takes the place of the combination of
 * p-values in the sources.
 * @see Friston, Penny & Glaser (2005), NeuroImage 25:661–667; Benjamini & Heller (2008), Biometrics 64:1215–1222
 */
export function replicatedEffect(strata: readonly TwoByTwo[]): number {
  // A table with an empty row or column says nothing, so leaving it out changes nothing.
  const telling = strata.filter((table) => highest(table) > lowest(table));
  if (telling.length < 2) return 1;
  const moments = telling.map(momentsOf);
  const { excess, variance } = mantelHaenszel(telling);
  return telling
    .map((_, i) => ({
      left: i,
      z:
        (excess - moments[i]!.excess) /
        Math.sqrt(Math.max(Number.MIN_VALUE, variance - moments[i]!.variance)),
    }))
    .sort((a, b) => a.z - b.z)
    .slice(0, LEAVE_OUTS)
    .reduce((largest, { left }) => Math.max(largest, commonEffect(telling.filter((_, i) => i !== left))), 0);
}
