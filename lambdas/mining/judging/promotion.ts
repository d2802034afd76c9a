import type { CaseTable } from '../cases/case-table.ts';
import { fisherOneSided } from '../statistics/fisher.ts';
import { recentOf } from './measure.ts';
import { less, tableOf } from '../statistics/counts.ts';
import { interactionOneSided, wilsonLowerBound } from '../statistics/statistics.ts';
import type { Asserts } from '../vocabulary.ts';
import type { MiningSettings } from '../types.ts';

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

/**
 * Level at which the latest third must still show the effect. Being above the type's rate alone lets half of the
 * effects pass that ended halfway; 5 % would cost 6 % of the rules of two conditions among 1,000 decisions.
 */
const RECENT_LEVEL = 0.1;
/** Level at which the effect was larger before the latest third than in it. */
const FADED_LEVEL = 0.002;

/** The part of the test that looks at when it occurred; asked of what passed the counts, it visits every row. */
export function rejectByTime(
  table: CaseTable,
  bitmap: Uint32Array,
  asserts: Asserts,
  settings: MiningSettings,
): 'too_few_days' | 'recent_rate_below' | undefined {
  const ranks = table.ranksOf(bitmap);
  if (table.daysOf(ranks) < settings.minDays) return 'too_few_days';
  const { third, span } = recentOf(table, ranks);
  const recent = tableOf(asserts, third, less(span, third));
  if (fisherOneSided(...recent) > RECENT_LEVEL) return 'recent_rate_below';
  const before = less(table.counts(bitmap), third);
  const earlier = tableOf(asserts, before, less(less(table.totals, span), before));
  return interactionOneSided(earlier, recent) <= FADED_LEVEL ? 'recent_rate_below' : undefined;
}
