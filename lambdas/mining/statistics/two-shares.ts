import { normalQuantile, normalUpperTail } from './normal-distribution.ts';
import { mantelHaenszel } from './stratified.ts';
import type { TwoByTwo } from './two-by-two.ts';
import { wilsonInterval } from './wilson.ts';

/**
 * Comparing two shares: how far apart they are, how sure that is, and how many cases it would take. A `TwoByTwo` here
 * is `[successes with, failures with, successes without, failures without]`.
 */

/** The normal quantile of a two-sided 95 % interval. */
const Z95 = 1.959963984540054;

export interface Difference {
  /** With minus without, from −1 to 1. */
  readonly difference: number;
  /** 95 % by default. */
  readonly interval: readonly [number, number];
}

interface Arm {
  readonly weight: number;
  readonly count: number;
  readonly n: number;
}

/** The quantile for the stratum intervals: weighted together they are as wide as an interval of the weighted share. */
function stratumQuantile(arms: readonly Arm[], z: number): number {
  let ofSum = 0;
  let sum = 0;
  for (const { weight, count, n } of arms) {
    // Half a case is added on either side: a share of 0 or 1 is not known without error.
    const share = (count + 0.5) / (n + 1);
    const variance = (weight * weight * share * (1 - share)) / n;
    ofSum += variance;
    sum += Math.sqrt(variance);
  }
  return (z * Math.sqrt(ofSum)) / sum;
}

/** Weighted share of one arm with the stratified Wilson interval. */
function weighted(arms: readonly Arm[], z: number) {
  const quantile = stratumQuantile(arms, z);
  let share = 0;
  let low = 0;
  let high = 0;
  let spread = 0;
  for (const { weight, count, n } of arms) {
    const [lower, upper] = wilsonInterval(count, n, quantile);
    share += (weight * count) / n;
    low += weight * lower;
    high += weight * upper;
    spread += (weight * weight) / n;
  }
  return { share, low, high, spread };
}

/**
 * Difference of two shares over strata, with the stratified Newcombe interval. Each stratum is compared within itself
 * and weighted by `n₁n₂/(n₁+n₂)`. With one stratum it is Newcombe's method 10, the hybrid of two Wilson intervals.
 * Strata that lack either side say nothing and are left out; null when none is left.
 * @see Newcombe (1998), Statistics in Medicine 17:873–890; Yan & Su (2010), Statistics in Biopharmaceutical
 * Research 2:329–335
 */
export function shareDifference(strata: readonly TwoByTwo[], z = Z95): Difference | null {
  const usable = strata.filter(([a, b, c, d]) => a + b > 0 && c + d > 0);
  if (usable.length === 0) return null;
  const raw = usable.map(([a, b, c, d]) => ((a + b) * (c + d)) / (a + b + c + d));
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  const withArms = usable.map(([a, b], i) => ({ weight: raw[i]! / total, count: a, n: a + b }));
  const withoutArms = usable.map(([, , c, d], i) => ({ weight: raw[i]! / total, count: c, n: c + d }));
  const one = weighted(withArms, z);
  const two = weighted(withoutArms, z);
  const difference = one.share - two.share;
  const half = (x: number, y: number): number =>
    z * Math.sqrt(one.spread * x * (1 - x) + two.spread * y * (1 - y));
  return {
    difference,
    interval: [
      Math.max(-1, difference - half(one.low, two.high)),
      Math.min(1, difference + half(one.high, two.low)),
    ],
  };
}

/**
 * Evidence that the first row does worse, which may be looked at as often as one likes. Without an effect it exceeds
 * 1/α at any of all looks with probability at most α, as far as the score is normal.
 *
 * It is a likelihood ratio of the stratified score statistic (Mantel–Haenszel excess U with its variance V). One side
 * is "worse by a log odds ratio drawn from a half-normal with deviation τ", the other "no different":
 * `2(1+τ²V)^−½ · exp(τ²U²/2(1+τ²V)) · Φ(τU/√(1+τ²V))`.
 * @see Robbins (1970), Annals of Mathematical Statistics 41:1397–1409; Johari, Koomen, Pekelis & Walsh (2022),
 * Operations Research 70:1806–1821; Mantel & Haenszel (1959), JNCI 22:719–748
 * @param tau typical size of a harm worth finding, as a log odds ratio; 1 is 25 points around one half
 */
export function evidenceOfWorse(strata: readonly TwoByTwo[], tau = 1): number {
  const { excess, variance } = mantelHaenszel(strata);
  if (variance === 0) return 1;
  const scale = 1 + tau * tau * variance;
  const score = (tau * -excess) / Math.sqrt(scale);
  return (2 / Math.sqrt(scale)) * Math.exp((score * score) / 2) * normalUpperTail(-score);
}

/**
 * Cases that the first group needs for a one-sided test at `level` to find this difference with this power. The second
 * group is `ratio` times as large. The continuity correction is included, because Fisher's exact test needs it.
 * @see Fleiss, Tytun & Ury (1980), Biometrics 36:343–346
 * @returns Infinity when there is no difference to find
 */
export function casesNeeded(
  share: number,
  other: number,
  { level, power, ratio = 1 }: { readonly level: number; readonly power: number; readonly ratio?: number },
): number {
  const gap = Math.abs(share - other);
  if (gap === 0 || !(ratio > 0)) return Infinity;
  const mean = (share + ratio * other) / (1 + ratio);
  const bare =
    (normalQuantile(level) * Math.sqrt((1 + ratio) * mean * (1 - mean)) +
      normalQuantile(1 - power) * Math.sqrt(ratio * share * (1 - share) + other * (1 - other))) **
      2 /
    (ratio * gap * gap);
  return Math.ceil((bare / 4) * (1 + Math.sqrt(1 + (2 * (ratio + 1)) / (bare * ratio * gap))) ** 2 - 1e-9);
}
