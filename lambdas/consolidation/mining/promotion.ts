import type { CaseTable } from './case-table.ts';
import { measureRecent } from './measure.ts';
import { wilsonLowerBound } from './statistics.ts';
import type { Asserts, MiningSettings } from './types.ts';

/** Whether the lower bound of the asserted rate lies above the share among all. Asked millions of times a run. */
export function isAboveBaseline(
  table: CaseTable,
  asserts: Asserts,
  n: number,
  successes: number,
  settings: MiningSettings,
): boolean {
  const all = asserts === 'success' ? table.successes : table.count - table.successes;
  const asserted = asserts === 'success' ? successes : n - successes;
  return wilsonLowerBound(asserted, n, settings.wilsonZ) > all / Math.max(1, table.count);
}

/** The part of the test that looks at when it occurred; asked of what passed the counts, it visits every row. */
export function rejectByTime(
  table: CaseTable,
  bitmap: Uint32Array,
  asserts: Asserts,
  settings: MiningSettings,
): 'too_few_days' | 'recent_rate_below' | undefined {
  const ranks = table.ranksOf(bitmap);
  if (table.daysOf(ranks) < settings.minDays) return 'too_few_days';
  const { recentRate, recentBaseline } = measureRecent(table, ranks, asserts);
  return recentRate > recentBaseline ? undefined : 'recent_rate_below';
}
