import { intersect } from '../cases/bitmap.ts';
import type { CaseTable } from '../cases/case-table.ts';
import type { Outcomes } from './drift.ts';
import { assertedOf } from '../statistics/two-by-two.ts';
import type { Sequence } from '../statistics/sequential.ts';
import { conjunctionOf, properSubsets } from './explain.ts';
import type { Stated } from '../types.ts';
import type { Condition } from '../vocabulary.ts';

/** Milliseconds since the epoch: `after < time ≤ until`. */
export interface Span {
  readonly after: number;
  readonly until: number;
}

/** The outcomes of a stated conjunction's decisions, one by one in order of time. */
export function outcomesOf(table: CaseTable, { asserts, conditions }: Stated): Outcomes {
  const ranks = table.ranksOf(conjunctionOf(table, conditions).bitmap);
  const last = table.count === 0 ? 0 : table.timeAt(table.count - 1);
  return {
    times: Float64Array.from(ranks, (rank) => table.timeAt(rank)),
    asserted: Uint8Array.from(ranks, (rank) => Number(table.succeededAt(rank) === (asserts === 'success'))),
    baselineFrom(time) {
      const counts = table.countsBetween(time, last);
      return counts.n === 0 ? 0 : assertedOf(asserts, counts) / counts.n;
    },
  };
}

/**
 * The comparisons that a stated conjunction has to win, decision by decision. The first is with all others. Then, among
 * the decisions that meet a part of the conditions, comes one with those that lack the rest.
 */
export function sequencesOf(table: CaseTable, { asserts, conditions }: Stated, span: Span): Sequence[] {
  const { bitmap, bitmaps } = conjunctionOf(table, conditions);
  const holds = spanned(table, table.ranksOf(bitmap), span);
  const universes = [
    table.all,
    ...properSubsets(conditions.length).map((indexes) =>
      indexes.map((index) => bitmaps[index]!).reduce(intersect),
    ),
  ];
  return universes.map((universe) => {
    const ranks = spanned(table, table.ranksOf(universe), span);
    const inside = new Uint8Array(ranks.length);
    let next = 0;
    for (let i = 0; i < ranks.length; i++) {
      if (ranks[i] !== holds[next]) continue;
      inside[i] = 1;
      next++;
    }
    const asserted = Uint8Array.from(ranks, (rank) =>
      Number(table.succeededAt(rank) === (asserts === 'success')),
    );
    return { inside, asserted };
  });
}

function spanned(table: CaseTable, ranks: Uint32Array, { after, until }: Span): Uint32Array {
  let first = 0;
  while (first < ranks.length && table.timeAt(ranks[first]!) <= after) first++;
  let end = ranks.length;
  while (end > first && table.timeAt(ranks[end - 1]!) > until) end--;
  return ranks.subarray(first, end);
}

/** Visits every case that meets all conditions, oldest first. Without conditions it visits every case. */
export function forEachMatch(
  table: CaseTable,
  conditions: readonly Condition[],
  visit: (decisionId: string, time: number, success: boolean) => void,
): void {
  const rows = table.all.slice();
  for (const condition of conditions) {
    const holds = table.bitmapOf(condition);
    for (let i = 0; i < rows.length; i++) rows[i]! &= holds[i]!;
  }
  for (const rank of table.ranksOf(rows))
    visit(table.cases.decisionIds[table.rowAt(rank)]!, table.timeAt(rank), table.succeededAt(rank));
}
