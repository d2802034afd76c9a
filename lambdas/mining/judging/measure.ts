import type { CaseTable } from '../cases/case-table.ts';
import { assertedOf, type Counts, NO_CASES } from '../statistics/two-by-two.ts';
import { wilsonLowerBound } from '../statistics/wilson.ts';
import type { Asserts, PatternNumbers } from '../vocabulary.ts';
import type { Finding, MiningSettings } from '../types.ts';

/** Decisions named as evidence of a pattern, at most. */
const MAX_EVIDENCE = 50;

const share = (count: number, n: number): number => (n === 0 ? 0 : count / n);
const isoTime = (time: number): string => new Date(time).toISOString();

/** The latest third of a pattern's occurrences, and all decisions of the type over the span of that third. */
export interface Recent {
  readonly third: Counts;
  readonly span: Counts;
}

/**
 * The latest third of the cases at these ranks. Where its span holds no other decision, as in a regime that covers them
 * all, the whole window takes the place of the span.
 */
export function recentOf(table: CaseTable, ranks: Uint32Array): Recent {
  if (ranks.length === 0) return { third: NO_CASES, span: NO_CASES };
  const third = ranks.subarray(ranks.length - Math.ceil(ranks.length / 3));
  const successes = third.reduce((sum, rank) => sum + (table.succeededAt(rank) ? 1 : 0), 0);
  const within = table.countsBetween(table.timeAt(third[0]!), table.timeAt(third.at(-1)!));
  return { third: { n: third.length, successes }, span: within.n > third.length ? within : table.totals };
}

const rateOf = (asserts: Asserts, counts: Counts): number => share(assertedOf(asserts, counts), counts.n);

/**
 * All numbers of one pattern, from the cases that meet its conditions. Without any case the numbers are zero, and
 * `firstSeen` and `lastSeen` are null.
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

/**
 * The rule of thumb that patterns were once promoted by (≥ 0.7): `0.3·min(n/10, 1) + 0.5·rate + 0.2/(1 + σ)`. σ is the
 * population deviation of the asserted 0/1 outcome. It is shown for comparison only: with a base rate of 0.8 and no
 * effect at all it promotes nearly everything.
 */
export function heuristicConfidence(n: number, rate: number): number {
  const deviation = Math.sqrt(Math.max(0, rate * (1 - rate)));
  return 0.3 * Math.min(n / 10, 1) + 0.5 * rate + 0.2 / (1 + deviation);
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

/** The newest decisions among the cases of a bitmap, newest first. */
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
