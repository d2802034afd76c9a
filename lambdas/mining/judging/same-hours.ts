import { forEachBit, intersect } from '../cases/bitmap.ts';
import { type CaseTable, DAY_MS } from '../cases/case-table.ts';
import type { Conjunction } from './explain.ts';
import { fisherOneSided } from '../statistics/fisher.ts';
import { tableOf, type TwoByTwo } from '../statistics/two-by-two.ts';
import { stratifiedOneSided } from '../statistics/stratified.ts';
import type { Asserts, Comparison } from '../vocabulary.ts';
import { parseWindowedPath } from '../cases/windowed-path.ts';

/**
 * Signals and earlier decisions are not spread evenly over time. Signals come at busy hours. Outcomes cluster, so "after
 * a success" is commonest in good weeks. A signal may become common while everything gets better. Compared with all
 * other decisions, such a condition looks like a cause.
 *
 * So each condition on a signal or a sequence is also compared with decisions that lack just that one. There are two
 * comparisons, each with a stratified one-sided test (Cochran–Mantel–Haenszel):
 *
 * - Within the same hours of the UTC day. Hours of the week would make 168 strata, too thin in a 90-day window. The
 *   weekday is a feature of its own, and the pattern has to stand beside it.
 * - Within the same stretches of days, which holds every drift constant. Every stretch has at least `FEWEST_IN_PERIOD`
 *   decisions. In a short stretch, the outcomes before a sequence are part of the outcomes that it is judged by. Then too
 *   many successes would follow "after a failure". The bias is one in the number of decisions of a stretch; see Miller &
 *   Sanjurjo (2018), Econometrica 86:2019–2047.
 *
 * A stratum that has only decisions with the condition, or only decisions without it, says nothing. A signal that comes
 * in certain hours, and always in them, cannot be told from those hours. It is not promoted.
 */
export type SameTimeReason = 'explained_by_hour' | 'explained_by_period';

const HOUR_MS = 60 * 60 * 1000;
/** Cases that an hour of the day needs on average. With fewer, the strata are the four quarters of the day. */
const FEWEST_IN_HOUR = 5;
/** Decisions that a stretch of days has at least. */
const FEWEST_IN_PERIOD = 30;

interface Strata {
  /** Stratum of each bit. */
  readonly of: Uint32Array;
  readonly size: number;
}

interface TableStrata {
  readonly same_hours: Strata;
  readonly same_days: Strata;
}

/** Made once per table, because every pattern of a run with a timed condition needs them. */
const strataOfTable = new WeakMap<CaseTable, TableStrata>();

function strataOf(table: CaseTable): TableStrata {
  let strata = strataOfTable.get(table);
  if (!strata) {
    const hours = table.count >= 24 * FEWEST_IN_HOUR ? 1 : 6;
    const period = periodsOf(table);
    strata = {
      same_hours: {
        of: byBit(table, (rank) => Math.floor((table.timeAt(rank) % DAY_MS) / (hours * HOUR_MS))),
        size: 24 / hours,
      },
      same_days: {
        of: byBit(table, (rank) => period[rank]!),
        size: table.count === 0 ? 0 : period[table.count - 1]! + 1,
      },
    };
    strataOfTable.set(table, strata);
  }
  return strata;
}

function byBit(table: CaseTable, of: (rank: number) => number): Uint32Array {
  const strata = new Uint32Array(table.words * 32);
  forEachBit(table.all, 0, table.words, (bit) => {
    strata[bit] = of(table.rankOfBit(bit));
  });
  return strata;
}

/** Stretches of whole UTC days with enough decisions each. The last stretch takes the days that are left. */
function periodsOf(table: CaseTable): Uint32Array {
  const { count } = table;
  const periods = new Uint32Array(count);
  const dayAt = (rank: number): number => Math.floor(table.timeAt(rank) / DAY_MS);
  let period = 0;
  let start = 0;
  for (let rank = 0; rank < count; rank++) {
    const complete =
      rank - start >= FEWEST_IN_PERIOD && dayAt(rank) !== dayAt(rank - 1) && count - rank >= FEWEST_IN_PERIOD;
    if (complete) {
      period++;
      start = rank;
    }
    periods[rank] = period;
  }
  return periods;
}

/** Cases and successes of a bitmap, by stratum. */
function countByStratum(table: CaseTable, bitmap: Uint32Array, { of, size }: Strata) {
  const n = new Float64Array(size);
  const successes = new Float64Array(size);
  forEachBit(bitmap, 0, table.successWords, (bit) => {
    successes[of[bit]!]!++;
  });
  n.set(successes);
  forEachBit(bitmap, table.successWords, table.words, (bit) => {
    n[of[bit]!]!++;
  });
  return { n, successes };
}

/** Two comparisons for each condition on a signal or a sequence, and none without such a condition. */
export function compareSameTime(
  table: CaseTable,
  { conditions, bitmaps, bitmap }: Conjunction,
  asserts: Asserts,
): readonly Comparison[] {
  return conditions.flatMap((timed, i) => {
    if (!parseWindowedPath(timed.path)) return [];
    const part = conditions.filter((condition) => condition !== timed);
    const among = bitmaps.filter((_, j) => j !== i).reduce(intersect, table.all);
    return (['same_hours', 'same_days'] as const).map((against): Comparison => {
      const strata = strataOf(table)[against];
      const inside = countByStratum(table, bitmap, strata);
      const both = countByStratum(table, among, strata);
      const tables: TwoByTwo[] = [];
      for (let stratum = 0; stratum < strata.size; stratum++) {
        const own = { n: inside.n[stratum]!, successes: inside.successes[stratum]! };
        const rest = { n: both.n[stratum]! - own.n, successes: both.successes[stratum]! - own.successes };
        if (own.n > 0 && rest.n > 0) tables.push(tableOf(asserts, own, rest));
      }
      const sum = (cell: 0 | 1 | 2 | 3): number => tables.reduce((total, counts) => total + counts[cell], 0);
      return {
        against,
        part,
        table: [
          [sum(0), sum(1)],
          [sum(2), sum(3)],
        ],
        pValue: tables.length === 1 ? fisherOneSided(...tables[0]!) : stratifiedOneSided(tables),
      };
    });
  });
}

/** The reason why time explains a pattern's effect; undefined when it does not, or without a timed condition. */
export function explainedByTime(
  comparisons: readonly Comparison[],
  level: number,
): SameTimeReason | undefined {
  const failed = comparisons.find(
    ({ against, pValue }) => (against === 'same_hours' || against === 'same_days') && pValue > level,
  );
  if (!failed) return undefined;
  return failed.against === 'same_hours' ? 'explained_by_hour' : 'explained_by_period';
}
