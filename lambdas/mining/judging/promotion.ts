import type { CaseTable } from '../cases/case-table.ts';
import { fisherOneSided } from '../statistics/fisher.ts';
import { recentOf } from './measure.ts';
import { interactionOneSided, less, tableOf } from '../statistics/two-by-two.ts';
import type { Asserts } from '../vocabulary.ts';
import type { MiningSettings } from '../types.ts';

/**
 * Level at which the latest third must still show the effect. Merely asking for a rate above the type's would let half
 * of the effects pass that ended halfway. A level of 5 % would lose 6 % of the rules of two conditions among 1,000
 * decisions.
 */
const RECENT_LEVEL = 0.1;
/** Level at which the effect was larger before the latest third than within it. */
const FADED_LEVEL = 0.002;

/** The tests on the times of the occurrences. They visit every case, so they come after the tests on counts. */
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
