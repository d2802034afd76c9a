import { stratifiedOneSided, type Table } from './statistics.ts';

/**
 * Does an effect hold within strata (agents), whatever their sizes and base rates – and in more than one of them?
 * Rates of the whole would be compared across strata: one that is better at everything and meets a condition more
 * often makes the condition look good (Simpson).
 */

/** Sums of the margins' ranges up to which the exact distribution is computed; beyond it the normal one is close. */
export const MAX_EXACT_RANGE = 500;
/** Leave-outs that are tested: those that leave the least by the normal approximation, which ranks them in one pass. */
const LEAVE_OUTS = 3;

/** Values `a` can take with all margins fixed. */
const lowest = ([a, , , d]: Table): number => Math.max(0, a - d);
const highest = ([a, b, c]: Table): number => a + Math.min(b, c);

/** P(a = lowest), …, P(a = highest) of one 2×2 table with fixed margins (hypergeometric). */
function distribution(table: Table): Float64Array {
  const [a, b, c, d] = table;
  const low = lowest(table);
  const size = highest(table) - low + 1;
  const weights = new Float64Array(size);
  // Ratios of neighbours, from the observed value outwards in logarithms, so none under- or overflows.
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
 * Exact one-sided test of conditional independence in 2×2×K tables: the chance of as large a sum of `a` or larger with
 * all margins of all strata fixed. R: `mantelhaen.test(…, exact = TRUE, alternative = "greater")`.
 * @see Gart (1970), Biometrika 57:471–475; Mehta, Patel & Gray (1985), JASA 80:969–973
 */
export function stratifiedExact(strata: readonly Table[]): number {
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

const rangeOf = (strata: readonly Table[]): number =>
  strata.reduce((sum, table) => sum + highest(table) - lowest(table), 0);

/** One-sided p-value of a common effect: exact in small samples, Cochran–Mantel–Haenszel in large ones. */
export const commonEffect = (strata: readonly Table[]): number =>
  rangeOf(strata) <= MAX_EXACT_RANGE ? stratifiedExact(strata) : stratifiedOneSided(strata);

/**
 * One-sided p-value of an effect in at least two strata: the largest p-value of a common effect when any one stratum
 * is left out. Whatever one stratum holds, and however much of it, it cannot make this small. 1 for fewer than two.
 * @see Friston, Penny & Glaser (2005), NeuroImage 25:661–667; Benjamini & Heller (2008), Biometrics 64:1215–1222: a
 * partial conjunction (u = 2 of n), with the stratified test in the place of their combination of p-values
 */
export function replicatedEffect(strata: readonly Table[]): number {
  // What tells nothing – an empty row or column – leaves nothing out.
  const telling = strata.filter((table) => highest(table) > lowest(table));
  if (telling.length < 2) return 1;
  const moments = telling.map(momentsOf);
  const excess = moments.reduce((sum, moment) => sum + moment.excess, 0);
  const variance = moments.reduce((sum, moment) => sum + moment.variance, 0);
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

/** How far `a` lies above its expectation with all margins fixed, and the variance of that (hypergeometric). */
function momentsOf([a, b, c, d]: Table): { readonly excess: number; readonly variance: number } {
  const total = a + b + c + d;
  return {
    excess: a - ((a + b) * (a + c)) / total,
    variance: ((a + b) * (c + d) * (a + c) * (b + d)) / (total * total * (total - 1)),
  };
}
