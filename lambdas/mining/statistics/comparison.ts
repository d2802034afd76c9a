import { normalUpperTail, type Table, wilsonInterval } from './statistics.ts';

/**
 * Comparing two shares: how far apart, how sure, and how many cases it would take. A `Table` here is
 * `[successes with, failures with, successes without, failures without]`.
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

/** The quantile that makes stratum intervals, once weighted, as wide as one of the weighted share. */
function stratumQuantile(arms: readonly Arm[], z: number): number {
  let ofSum = 0;
  let sum = 0;
  for (const { weight, count, n } of arms) {
    // half a case on either side: a share of 0 or 1 is not known without error
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
 * Difference of two shares over strata, each compared within itself and weighted by `n₁n₂/(n₁+n₂)`, with the
 * stratified Newcombe interval. With one stratum it is Newcombe's method 10, the hybrid of two Wilson intervals.
 * Strata that lack either side say nothing and are left out; null when that leaves none.
 * @see Newcombe (1998), Statistics in Medicine 17:873–890; Yan & Su (2010), Statistics in Biopharmaceutical
 * Research 2:329–335
 */
export function shareDifference(strata: readonly Table[], z = Z95): Difference | null {
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
 * Evidence that the first row does worse, which may be looked at as often as one likes: under no effect it exceeds
 * 1/α at any of all looks with probability at most α (as far as the score is normal). It is the likelihood ratio of the stratified score statistic
 * (Mantel–Haenszel excess U and its variance V) for "worse by a log odds ratio drawn from a half-normal with
 * deviation τ" against "no different": `2(1+τ²V)^−½ · exp(τ²U²/2(1+τ²V)) · Φ(τU/√(1+τ²V))`.
 * @see Robbins (1970), Annals of Mathematical Statistics 41:1397–1409; Johari, Koomen, Pekelis & Walsh (2022),
 * Operations Research 70:1806–1821; Mantel & Haenszel (1959), JNCI 22:719–748
 * @param tau typical size of a harm worth finding, as a log odds ratio; 1 is 25 points around one half
 */
export function evidenceOfWorse(strata: readonly Table[], tau = 1): number {
  let missing = 0;
  let variance = 0;
  for (const [a, b, c, d] of strata) {
    const total = a + b + c + d;
    if (total < 2) continue;
    missing += ((a + b) * (a + c)) / total - a;
    variance += ((a + b) * (c + d) * (a + c) * (b + d)) / (total * total * (total - 1));
  }
  if (variance === 0) return 1;
  const scale = 1 + tau * tau * variance;
  const score = (tau * missing) / Math.sqrt(scale);
  return (2 / Math.sqrt(scale)) * Math.exp((score * score) / 2) * normalUpperTail(-score);
}

/** z with P(Z ≥ z) = p, by bisection of `normalUpperTail`. */
export function normalQuantile(p: number): number {
  let low = -40;
  let high = 40;
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (normalUpperTail(middle) > p) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * Cases the first group needs for a one-sided test at `level` to find this difference with this power, the second
 * group being `ratio` times as large; with the continuity correction, which is what Fisher's exact test needs.
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
