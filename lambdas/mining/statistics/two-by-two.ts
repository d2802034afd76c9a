import type { Asserts } from '../vocabulary.ts';
import { normalUpperTail } from './normal-distribution.ts';

/** `[[a, b], [c, d]]`: the rows are with and without, the columns the asserted status and the other one. */
export type TwoByTwo = readonly [number, number, number, number];

/** Resolved cases, and the successes among them. */
export interface Counts {
  readonly n: number;
  readonly successes: number;
}

export const NO_CASES: Counts = { n: 0, successes: 0 };

/** Cases of the asserted status. */
export const assertedOf = (asserts: Asserts, { n, successes }: Counts): number =>
  asserts === 'success' ? successes : n - successes;

export function tableOf(asserts: Asserts, inside: Counts, outside: Counts): TwoByTwo {
  const a = assertedOf(asserts, inside);
  const c = assertedOf(asserts, outside);
  return [a, inside.n - a, c, outside.n - c];
}

/** True when a table has both kinds of rows and both outcomes. With an empty margin it says nothing. */
export const isTelling = ([a, b, c, d]: TwoByTwo): boolean =>
  a + b > 0 && c + d > 0 && a + c > 0 && b + d > 0;

/** The cases of a set without those of one of its subsets. */
export const less = (set: Counts, subset: Counts): Counts => ({
  n: set.n - subset.n,
  successes: set.successes - subset.successes,
});

/** Phi coefficient of two sets of cases. @param both cases in both sets @param total all cases */
export const phiOf = (a: Counts, b: Counts, both: number, total: number): number =>
  (total * both - a.n * b.n) / Math.sqrt(a.n * (total - a.n) * b.n * (total - b.n));

/** χ² of one degree of freedom at 0.01: below it two sets of cases are treated as independent. */
const RELATED_CHI_SQUARE = 6.635;

export const isRelated = (phi: number, total: number): boolean => phi ** 2 * total >= RELATED_CHI_SQUARE;

/**
 * Log-likelihood ratio (G²) of a 2×2 table. It orders effects whose p-values are too small to be told apart.
 * @see Woolf (1957); Dunning (1993), Computational Linguistics 19:61–74
 */
export function likelihoodRatio([a, b, c, d]: TwoByTwo): number {
  const total = a + b + c + d;
  const cell = (observed: number, row: number, column: number): number =>
    observed === 0 ? 0 : observed * Math.log((observed * total) / (row * column));
  const sum = cell(a, a + b, a + c) + cell(b, a + b, b + d) + cell(c, c + d, a + c) + cell(d, c + d, b + d);
  return Math.max(0, 2 * sum);
}

/**
 * One-sided Wald test: is the difference of two shares larger in the first table than in the second? The answer is 1
 * where a table lacks a row.
 */
export function interactionOneSided(inside: TwoByTwo, outside: TwoByTwo): number {
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
    // Half a case is added on either side: a share of 0 or 1 is not known without error.
    variance += ((count + 0.5) * (rest + 0.5)) / (n + 1) ** 3;
  }
  return normalUpperTail(difference / Math.sqrt(variance));
}

/**
 * The power of a comparison, as a normal quantile. The second table would be expected to reach it if it had the effect
 * (difference of shares) of the first. Only the row sizes of the second table count. 0 where a table lacks a row.
 */
export function expectedZ([a, b, c, d]: TwoByTwo, [e, f, g, h]: TwoByTwo): number {
  const withIt = e + f;
  const without = g + h;
  if (a + b === 0 || c + d === 0 || withIt === 0 || without === 0) return 0;
  const difference = a / (a + b) - c / (c + d);
  const share = (a + c) / (a + b + c + d);
  const variance = share * (1 - share) * (1 / withIt + 1 / without);
  return variance === 0 ? 0 : difference / Math.sqrt(variance);
}
