import type { Asserts } from '../vocabulary.ts';
import type { Table } from './statistics.ts';

/** Resolved cases, and the successes among them. */
export interface Counts {
  readonly n: number;
  readonly successes: number;
}

/** Cases of the asserted status. */
export const assertedOf = (asserts: Asserts, { n, successes }: Counts): number =>
  asserts === 'success' ? successes : n - successes;

export function tableOf(asserts: Asserts, inside: Counts, outside: Counts): Table {
  const a = assertedOf(asserts, inside);
  const c = assertedOf(asserts, outside);
  return [a, inside.n - a, c, outside.n - c];
}

/** Whether a table has both kinds of rows and both outcomes: with an empty margin it says nothing. */
export const isTelling = ([a, b, c, d]: Table): boolean => a + b > 0 && c + d > 0 && a + c > 0 && b + d > 0;

/** What is left of a set of cases without one of its subsets. */
export const less = (a: Counts, b: Counts): Counts => ({
  n: a.n - b.n,
  successes: a.successes - b.successes,
});
