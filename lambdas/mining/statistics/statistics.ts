/** Wilson score interval of a share. @see Wilson (1927), JASA 22:209–212 @param z normal quantile, 1.96 for 95 % */
export const wilsonInterval = (count: number, n: number, z = 1.96): readonly [number, number] =>
  // the share of the others has the interval's mirror image
  [wilsonLowerBound(count, n, z), 1 - wilsonLowerBound(n - count, n, z)];

/** Its lower end, by itself: the miner asks millions of times. */
export function wilsonLowerBound(count: number, n: number, z = 1.96): number {
  // exactly 0 there; rounding would leave 1e-17
  if (n === 0 || count === 0) return 0;
  const share = count / n;
  const z2 = z * z;
  const scale = 1 + z2 / n;
  const centre = (share + z2 / (2 * n)) / scale;
  const half = (z * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n))) / scale;
  return Math.max(0, centre - half);
}

/**
 * Benjamini–Hochberg q-values, in the order given: the smallest false discovery rate at which each p would pass.
 * @param tests how many there were in all; those that are not listed had p = 1
 * @see Benjamini & Hochberg (1995), JRSS B 57:289–300
 */
export function benjaminiHochberg(pValues: ArrayLike<number>, tests = pValues.length): Float64Array {
  const order = Uint32Array.from({ length: pValues.length }, (_, i) => i).sort(
    (a, b) => pValues[a]! - pValues[b]!,
  );
  const q = new Float64Array(pValues.length);
  let least = 1;
  for (let rank = order.length; rank > 0; rank--) {
    const index = order[rank - 1]!;
    least = Math.min(least, pValues[index]! * (tests / rank));
    q[index] = least;
  }
  return q;
}

/**
 * The rule of thumb patterns were once promoted by (≥ 0.7): `0.3·min(n/10, 1) + 0.5·rate + 0.2/(1 + σ)`, σ being the
 * population deviation of the asserted 0/1 outcome. For comparison only: with a base rate of 0.8 and no effect at all
 * it promotes nearly everything.
 */
export function heuristicConfidence(n: number, rate: number): number {
  const deviation = Math.sqrt(Math.max(0, rate * (1 - rate)));
  return 0.3 * Math.min(n / 10, 1) + 0.5 * rate + 0.2 / (1 + deviation);
}

/** P(Z ≥ z) of a standard normal, relative error below 1.2e-7. @see Press et al., Numerical Recipes, `erfcc` */
export function normalUpperTail(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + x / 2);
  const series = [
    1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ];
  const polynomial = series.reduceRight((sum, coefficient) => coefficient + t * sum, 0);
  const complement = t * Math.exp(-x * x - 1.26551223 + t * polynomial);
  return z >= 0 ? complement / 2 : 1 - complement / 2;
}

/** `[[a, b], [c, d]]`: rows are with and without, columns the asserted status and the other. */
export type Table = readonly [number, number, number, number];

/**
 * Log-likelihood ratio (G²) of a 2×2 table: orders effects whose p-values are too small to be told apart.
 * @see Woolf (1957); Dunning (1993), Computational Linguistics 19:61–74
 */
export function likelihoodRatio([a, b, c, d]: Table): number {
  const total = a + b + c + d;
  const cell = (observed: number, row: number, column: number): number =>
    observed === 0 ? 0 : observed * Math.log((observed * total) / (row * column));
  const sum = cell(a, a + b, a + c) + cell(b, a + b, b + d) + cell(c, c + d, a + c) + cell(d, c + d, b + d);
  return Math.max(0, 2 * sum);
}

/**
 * One-sided Cochran–Mantel–Haenszel test with continuity correction: is `a` larger than independence within every
 * stratum would have it? @see Mantel & Haenszel (1959), JNCI 22:719–748
 */
export function stratifiedOneSided(strata: readonly Table[]): number {
  let excess = 0;
  let variance = 0;
  for (const [a, b, c, d] of strata) {
    const total = a + b + c + d;
    if (total < 2) continue;
    excess += a - ((a + b) * (a + c)) / total;
    variance += ((a + b) * (c + d) * (a + c) * (b + d)) / (total * total * (total - 1));
  }
  if (variance === 0) return 1;
  const corrected = Math.sign(excess) * Math.max(0, Math.abs(excess) - 0.5);
  return normalUpperTail(corrected / Math.sqrt(variance));
}

/**
 * One-sided Wald test that the difference of two shares is larger in the first table than in the second. 1 where a
 * table lacks a row.
 */
export function interactionOneSided(inside: Table, outside: Table): number {
  let difference = 0;
  let variance = 0;
  const [a, b, c, d] = inside;
  const [e, f, g, h] = outside;
  for (const [count, rest, sign] of [
    [a, b, 1],
    [c, d, -1],
    [e, f, -1],
    [g, h, 1],
  ] as const) {
    const n = count + rest;
    if (n === 0) return 1;
    difference += (sign * count) / n;
    // half a case on either side: a share of 0 or 1 is not known without error
    variance += ((count + 0.5) * (rest + 0.5)) / (n + 1) ** 3;
  }
  return normalUpperTail(difference / Math.sqrt(variance));
}

/**
 * Normal quantile a table of this many rows with and without is expected to reach if it had the effect (difference of
 * shares) of another one: what a comparison could have shown. 0 where a table lacks a row.
 */
export function expectedZ([a, b, c, d]: Table, [e, f, g, h]: Table): number {
  const withIt = e + f;
  const without = g + h;
  if (a + b === 0 || c + d === 0 || withIt === 0 || without === 0) return 0;
  const difference = a / (a + b) - c / (c + d);
  const share = (a + c) / (a + b + c + d);
  const variance = share * (1 - share) * (1 / withIt + 1 / without);
  return variance === 0 ? 0 : difference / Math.sqrt(variance);
}
