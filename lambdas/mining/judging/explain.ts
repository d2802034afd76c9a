import { intersect } from '../cases/bitmap.ts';
import type { CaseTable } from '../cases/case-table.ts';
import { describeRefutation } from './describe.ts';
import { fisherOneSided } from '../statistics/fisher.ts';
import { assertedOf } from '../statistics/two-by-two.ts';
import type { Asserts, Comparison, Condition, Explanation } from '../vocabulary.ts';
import type { MiningSettings } from '../types.ts';

/** With more conditions than this, only the parts that lack one condition are compared. Only stated patterns have so many. */
const MAX_WITH_ALL_PARTS = 5;

export interface Conjunction {
  readonly conditions: readonly Condition[];
  /** Bitmap of each condition, in the same order. */
  readonly bitmaps: readonly Uint32Array[];
  /** Cases that meet all conditions. */
  readonly bitmap: Uint32Array;
}

export function conjunctionOf(
  table: CaseTable,
  conditions: readonly Condition[],
  bitmaps: readonly Uint32Array[] = conditions.map((condition) => table.bitmapOf(condition)),
): Conjunction {
  return { conditions, bitmaps, bitmap: intersectAll(table, bitmaps) };
}

/** The comparisons behind a pattern: first with all other decisions, then with each of its parts. */
export function compare(
  table: CaseTable,
  { conditions, bitmaps, bitmap }: Conjunction,
  asserts: Asserts,
): readonly Comparison[] {
  const own = table.counts(bitmap);
  const comparison = (
    against: Comparison['against'],
    part: readonly Condition[],
    counts: { readonly n: number; readonly successes: number },
  ): Comparison => {
    const rest = { n: counts.n - own.n, successes: counts.successes - own.successes };
    const a = assertedOf(asserts, own);
    const c = assertedOf(asserts, rest);
    return {
      against,
      part,
      table: [
        [a, own.n - a],
        [c, rest.n - c],
      ],
      pValue: fisherOneSided(a, own.n - a, c, rest.n - c),
    };
  };
  return [
    comparison('others', [], { n: table.count, successes: table.successes }),
    ...properSubsets(conditions.length).map((indexes) =>
      comparison(
        'part',
        indexes.map((index) => conditions[index]!),
        table.counts(
          intersectAll(
            table,
            indexes.map((index) => bitmaps[index]!),
          ),
        ),
      ),
    ),
  ];
}

export const largestP = (comparisons: readonly Comparison[]): number =>
  Math.max(...comparisons.map(({ pValue }) => pValue));

export const explanationOf = (
  comparisons: readonly Comparison[],
  asserts: Asserts,
  settings: MiningSettings,
): Explanation => ({
  comparisons,
  refutedBy: describeRefutation(comparisons[0]!.table, asserts, settings.wilsonZ),
});

function intersectAll(table: CaseTable, bitmaps: readonly Uint32Array[]): Uint32Array {
  const [first, ...rest] = bitmaps;
  return first ? rest.reduce(intersect, first) : table.empty();
}

/** Index sets of the proper, non-empty parts of `size` conditions; small parts come first. */
export function properSubsets(size: number): number[][] {
  const all = Array.from({ length: size }, (_, index) => index);
  if (size > MAX_WITH_ALL_PARTS) return all.map((left) => all.filter((index) => index !== left));
  const subsets: number[][] = [];
  for (let mask = 1; mask < 2 ** size - 1; mask++) subsets.push(all.filter((index) => mask & (1 << index)));
  return subsets.sort((a, b) => a.length - b.length);
}
