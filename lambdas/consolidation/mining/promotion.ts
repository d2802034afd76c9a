import type { CaseTable } from './case-table.ts';
import { assertedOf, measureRecent } from './measure.ts';
import { wilsonLowerBound } from './statistics.ts';
import type { Asserts, MiningSettings, RejectionReason } from './types.ts';

/** A tested conjunction, as promotion looks at it. */
export interface Candidate {
  readonly asserts: Asserts;
  readonly n: number;
  readonly successes: number;
  readonly qValue: number;
}

/** The part of the promotion test that needs counts only; undefined when it passes. */
export function rejectByCounts(
  table: CaseTable,
  { asserts, n, successes, qValue }: Candidate,
  settings: MiningSettings,
): RejectionReason | undefined {
  if (n < settings.minOccurrences) return 'too_few_occurrences';
  const baseline =
    assertedOf(asserts, { n: table.count, successes: table.successes }) / Math.max(1, table.count);
  const asserted = assertedOf(asserts, { n, successes });
  if (wilsonLowerBound(asserted, n, settings.wilsonZ) <= baseline) return 'below_baseline';
  return qValue <= settings.maxQValue ? undefined : 'not_significant';
}

/** The part that looks at when it occurred; asked of what passed the counts, because it visits every row. */
export function rejectByTime(
  table: CaseTable,
  bitmap: Uint32Array,
  asserts: Asserts,
  settings: MiningSettings,
): RejectionReason | undefined {
  const ranks = table.ranksOf(bitmap);
  if (table.daysOf(ranks) < settings.minDays) return 'too_few_days';
  const { recentRate, recentBaseline } = measureRecent(table, ranks, asserts);
  return recentRate > recentBaseline ? undefined : 'recent_rate_below';
}
