import type { CaseTable } from '../cases/case-table.ts';
import { assertedOf, type Counts } from '../statistics/counts.ts';
import { heuristicConfidence, wilsonLowerBound } from '../statistics/statistics.ts';
import type { Asserts, PatternNumbers } from '../vocabulary.ts';
import type { Finding, MiningSettings } from '../types.ts';

/** Digests of the decisions behind a pattern, at most. */
const MAX_EVIDENCE = 50;

const share = (count: number, n: number): number => (n === 0 ? 0 : count / n);
const isoTime = (time: number): string => new Date(time).toISOString();

/** The latest third of a pattern's occurrences, and all decisions of the type over the span of that third. */
export interface Recent {
  readonly third: Counts;
  readonly span: Counts;
}

/**
 * Where the span holds no other decision (a regime that covers them all) there is nothing to compare with but the
 * whole window.
 */
export function recentOf(table: CaseTable, ranks: Uint32Array): Recent {
  if (ranks.length === 0) return { third: NOTHING, span: NOTHING };
  const third = ranks.subarray(ranks.length - Math.ceil(ranks.length / 3));
  const successes = third.reduce((sum, rank) => sum + (table.succeededAt(rank) ? 1 : 0), 0);
  const within = table.countsBetween(table.timeAt(third[0]!), table.timeAt(third.at(-1)!));
  return { third: { n: third.length, successes }, span: within.n > third.length ? within : table.totals };
}

const NOTHING: Counts = { n: 0, successes: 0 };
const rateOf = (asserts: Asserts, counts: Counts): number => share(assertedOf(asserts, counts), counts.n);

/**
 * All numbers of one pattern from the rows its conditions hold for. A pattern that holds for none has zeros, and no
 * times (`firstSeen` and `lastSeen` are null).
 */
export function measure(
  table: CaseTable,
  bitmap: Uint32Array,
  asserts: Asserts,
  significance: { readonly pValue: number; readonly qValue: number | null },
  settings: MiningSettings,
): PatternNumbers {
  const counts = table.counts(bitmap);
  const ranks = table.ranksOf(bitmap);
  const asserted = assertedOf(asserts, counts);
  const rate = share(asserted, counts.n);
  const baseline = share(assertedOf(asserts, { n: table.count, successes: table.successes }), table.count);
  const newest = ranks.at(-1);
  const recent = recentOf(table, ranks);
  return {
    n: counts.n,
    successes: counts.successes,
    rate,
    baseline,
    lift: baseline === 0 ? null : rate / baseline,
    confidence: wilsonLowerBound(asserted, counts.n, settings.wilsonZ),
    ...significance,
    recentRate: rateOf(asserts, recent.third),
    recentBaseline: rateOf(asserts, recent.span),
    days: table.daysOf(ranks),
    firstSeen: newest === undefined ? null : isoTime(table.timeAt(ranks[0]!)),
    lastSeen: newest === undefined ? null : isoTime(table.timeAt(newest)),
    heuristicConfidence: counts.n === 0 ? 0 : heuristicConfidence(counts.n, rate),
    metrics: measureMetrics(table, ranks),
  };
}

/** Mean and population deviation of every outcome metric, in one numerically stable pass (Welford). */
function measureMetrics(table: CaseTable, ranks: Uint32Array): PatternNumbers['metrics'] {
  const { metricNames, metricEnds, metricCodes, metricValues } = table.cases;
  const ends = metricEnds.view();
  const codes = metricCodes.view();
  const values = metricValues.view();
  const running = metricNames.map(() => ({ n: 0, mean: 0, squares: 0 }));
  for (let i = 0; i < ranks.length; i++) {
    const row = table.rowAt(ranks[i]!);
    for (let entry = row === 0 ? 0 : ends[row - 1]!; entry < ends[row]!; entry++) {
      const sums = running[codes[entry]!]!;
      const value = values[entry]!;
      sums.n++;
      const off = value - sums.mean;
      sums.mean += off / sums.n;
      sums.squares += off * (value - sums.mean);
    }
  }
  return Object.fromEntries(
    running
      .map(
        ({ n, mean, squares }, code) =>
          [metricNames[code]!, { n, mean, sd: Math.sqrt(squares / n) }] as const,
      )
      .filter(([, { n }]) => n > 0)
      .map(([name, { mean, sd }]) => [name, { mean, sd }] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** The newest decisions of a bitmap, newest first. */
export function evidenceOf(table: CaseTable, bitmap: Uint32Array): Finding['evidence'] {
  return [...table.ranksOf(bitmap).slice(-MAX_EVIDENCE).reverse()].map((rank) => {
    const row = table.rowAt(rank);
    const action = table.cases.actions[row];
    return {
      decisionId: table.cases.decisionIds[row]!,
      timestamp: isoTime(table.timeAt(rank)),
      status: table.succeededAt(rank) ? ('success' as const) : ('failure' as const),
      ...(action !== undefined && { action }),
    };
  });
}
