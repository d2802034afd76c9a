import type { CaseTable } from '../cases/case-table.ts';
import type { Condition } from '../vocabulary.ts';

/** Visits every case that all conditions hold for, oldest first; without conditions every case. */
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
