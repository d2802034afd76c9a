import { countCommon } from '../cases/bitmap.ts';
import type { Significant } from './overlaps.ts';
import type { Asserts } from '../vocabulary.ts';
import type { RejectionReason } from '../types.ts';

/** Jaccard index of the decisions of two patterns from which on they are one. */
export const SAME_ROWS = 0.9;

/** |A ∩ B| / |A ∪ B| of two patterns' decisions. @see Jaccard (1912), New Phytologist 11:37–50 */
export function jaccard(a: Significant, b: Significant): number {
  const shared = countCommon(a.bitmap, b.bitmap, 0, 0, a.bitmap.length);
  return shared / Math.max(1, a.n + b.n - shared);
}

/** Two ways to say one thing: what they assert is the same, and nearly the same decisions bear it out. */
export const saySame = (a: Significant, b: Significant): boolean =>
  maySaySame(a, b) && jaccard(a, b) >= SAME_ROWS;

/** The same knowledge from the other side: the opposite is asserted of nearly all the other decisions. */
export function sayOpposite(a: Significant, b: Significant, total: number): boolean {
  if (a.asserts === b.asserts) return false;
  const shared = countCommon(a.bitmap, b.bitmap, 0, 0, a.bitmap.length);
  return (a.n - shared) / Math.max(1, total - b.n + shared) >= SAME_ROWS;
}

type Sized = Pick<Significant, 'asserts' | 'n'>;

/** No overlap is above the ratio of the sizes: most pairs need not be counted. */
const maySaySame = (a: Sized, b: Sized): boolean =>
  a.asserts === b.asserts && Math.min(a.n, b.n) >= SAME_ROWS * Math.max(a.n, b.n);

/** One judged conjunction, as far as merging asks. */
export interface Mergeable {
  readonly asserts: Asserts;
  readonly n: number;
  readonly reason: RejectionReason | 'significant';
  readonly explainedBy?: Significant | undefined;
}

export interface MergeQuestions<Verdict> {
  readonly patternOf: (verdict: Verdict) => Significant;
  /** Known from before: of those that say the same it stays. */
  readonly isIncumbent: (verdict: Verdict) => boolean;
  /** Passed all tests of its own. */
  readonly standsAlone: (verdict: Verdict) => boolean;
}

/**
 * Of what others explain away, finds what only says the same in other words (a field that is logged twice, a cut
 * point that moved), and merges it into the one that stands. Which one that is was decided by strength, and two that
 * are nearly equal would take turns from night to night: so one that is known from before stays, and the newcomer is
 * merged into it.
 *
 * @returns the verdicts in the order given
 */
export function mergeSimilar<Verdict extends Mergeable>(
  verdicts: readonly Verdict[],
  { patternOf, isIncumbent, standsAlone }: MergeQuestions<Verdict>,
): Verdict[] {
  const nameOf = ({ asserts, keys }: Significant): string => JSON.stringify([asserts, keys]);
  const merged = new Map<Verdict, Significant>();
  const staying = new Map<string, Verdict>();
  for (const verdict of verdicts) {
    const by = verdict.explainedBy;
    if (!by || !maySaySame(verdict, by) || !saySame(patternOf(verdict), by)) continue;
    merged.set(verdict, by);
    const name = nameOf(by);
    if (!staying.has(name) && standsAlone(verdict) && isIncumbent(verdict)) staying.set(name, verdict);
  }
  if (merged.size === 0) return [...verdicts];
  // by the name of the stronger newcomer: the incumbent that takes its place
  const replaced = new Map<string, Significant>();
  for (const verdict of verdicts) {
    if (verdict.reason !== 'significant' || isIncumbent(verdict)) continue;
    const name = nameOf(patternOf(verdict));
    const incumbent = staying.get(name);
    if (incumbent) replaced.set(name, patternOf(incumbent));
  }
  return verdicts.map((verdict) => {
    const by = merged.get(verdict) ?? verdict.explainedBy;
    if (!by) {
      const incumbent = verdict.reason === 'significant' && replaced.get(nameOf(patternOf(verdict)));
      return incumbent ? { ...verdict, reason: 'same_as_other' as const, explainedBy: incumbent } : verdict;
    }
    const name = nameOf(by);
    const incumbent = replaced.get(name);
    if (incumbent && staying.get(name) === verdict)
      return { ...verdict, reason: 'significant' as const, explainedBy: undefined };
    return {
      ...verdict,
      explainedBy: incumbent ?? by,
      ...(merged.has(verdict) && { reason: 'same_as_other' as const }),
    };
  });
}
