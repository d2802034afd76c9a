import { countCommon } from '../cases/bitmap.ts';
import type { Significant } from './overlaps.ts';
import type { Asserts } from '../vocabulary.ts';
import type { RejectionReason } from '../types.ts';

/** From this Jaccard index of their decisions on, two patterns say the same. */
export const SAME_ROWS = 0.9;

/** |A ∩ B| / |A ∪ B| of two patterns' decisions. @see Jaccard (1912), New Phytologist 11:37–50 */
export function jaccard(a: Significant, b: Significant): number {
  const shared = countCommon(a.bitmap, b.bitmap, 0, 0, a.bitmap.length);
  return shared / Math.max(1, a.n + b.n - shared);
}

/** True when two patterns assert the same status of nearly the same decisions. */
export const isSameClaim = (a: Significant, b: Significant): boolean =>
  mayBeSameClaim(a, b) && jaccard(a, b) >= SAME_ROWS;

/** True when one pattern is the mirror image of the other: it asserts the opposite of nearly all the other decisions. */
export function isMirrorImage(a: Significant, b: Significant, total: number): boolean {
  if (a.asserts === b.asserts) return false;
  const shared = countCommon(a.bitmap, b.bitmap, 0, 0, a.bitmap.length);
  return (a.n - shared) / Math.max(1, total - b.n + shared) >= SAME_ROWS;
}

type Sized = Pick<Significant, 'asserts' | 'n'>;

/** The index is at most the ratio of the sizes, so most pairs need not be counted. */
const mayBeSameClaim = (a: Sized, b: Sized): boolean =>
  a.asserts === b.asserts && Math.min(a.n, b.n) >= SAME_ROWS * Math.max(a.n, b.n);

/** The parts of a judged conjunction that merging needs. */
export interface Mergeable {
  readonly asserts: Asserts;
  readonly n: number;
  readonly reason: RejectionReason | 'significant';
  readonly explainedBy?: Significant | undefined;
}

export interface MergeQuestions<Verdict> {
  readonly patternOf: (verdict: Verdict) => Significant;
  /** True for a pattern known from before: of those that say the same, it stays. */
  readonly isIncumbent: (verdict: Verdict) => boolean;
  /** True when it passed all tests of its own. */
  readonly standsAlone: (verdict: Verdict) => boolean;
}

/**
 * Finds the explained patterns that are only other wordings, such as a field that is logged twice or a cut point that
 * moved. They are merged into the pattern that stands.
 *
 * Strength decided which one stands, so two nearly equal ones would take turns from night to night. Therefore a pattern
 * that is known from before stays, and the newcomer is merged into it.
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
    if (!by || !mayBeSameClaim(verdict, by) || !isSameClaim(patternOf(verdict), by)) continue;
    merged.set(verdict, by);
    const name = nameOf(by);
    if (!staying.has(name) && standsAlone(verdict) && isIncumbent(verdict)) staying.set(name, verdict);
  }
  if (merged.size === 0) return [...verdicts];
  // By the name of the stronger newcomer: the incumbent that takes its place.
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
