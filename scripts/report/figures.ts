import { wilsonInterval } from '../../lambdas/mining/statistics/wilson.ts';
import { percentile } from '../shared/figures.ts';
import type { DecisionRow, DeliveryRow, PatternRow, SnapshotRow } from './story.ts';

/** What the charts draw, computed of what the routes answered. Pure. */
export interface RatePoint {
  /** First UTC day of the span. */
  readonly day: string;
  readonly n: number;
  readonly rate: number;
  /** 95 %, Wilson. */
  readonly lower: number;
  readonly upper: number;
}

const DAY_MS = 86_400_000;
const MAX_SPANS = 40;
const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

/** Success by equal spans of whole days, as many as can be told apart; spans without an outcome are left out. */
export function successOverTime(decisions: readonly DecisionRow[]): RatePoint[] {
  const resolved = decisions.filter(({ status }) => status === 'success' || status === 'failure');
  if (resolved.length === 0) return [];
  const days = resolved.map(({ timestamp }) => Math.floor(Date.parse(timestamp) / DAY_MS));
  const first = days.reduce((least, day) => Math.min(least, day), Infinity);
  const last = days.reduce((most, day) => Math.max(most, day), -Infinity);
  const length = Math.max(1, Math.ceil((last - first + 1) / MAX_SPANS));
  const spans = new Map<number, { n: number; successes: number }>();
  for (const [i, { status }] of resolved.entries()) {
    const span = Math.floor((days[i]! - first) / length);
    const counts = spans.get(span) ?? { n: 0, successes: 0 };
    counts.n++;
    if (status === 'success') counts.successes++;
    spans.set(span, counts);
  }
  return [...spans]
    .sort(([a], [b]) => a - b)
    .map(([span, { n, successes }]) => {
      const [lower, upper] = wilsonInterval(successes, n);
      return { day: dayOf((first + span * length) * DAY_MS), n, rate: successes / n, lower, upper };
    });
}

export interface PatternInterval extends PatternRow {
  readonly upper: number;
}

const MAX_SHOWN = 16;
const ORDER = ['promoted', 'suspect', 'dormant', 'hypothesis', 'candidate', 'retired', 'withdrawn'];

/** The surest first: promoted before all others, by their lower bound. */
export const patternIntervals = (patterns: readonly PatternRow[]): PatternInterval[] =>
  [...patterns]
    .sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || b.confidence - a.confidence)
    .slice(0, MAX_SHOWN)
    .map((pattern) => ({
      ...pattern,
      upper: pattern.n === 0 ? 1 : wilsonInterval(Math.round(pattern.rate * pattern.n), pattern.n)[1],
    }));

export interface EquityPoint {
  /** Last UTC day of the period. */
  readonly day: string;
  readonly value: number;
  /** Share below the highest value so far, 0 or less. */
  readonly drawdown: number;
}

/** Empty where nothing was traded: a flat line would look like knowledge. */
export function equityCurve(snapshots: readonly SnapshotRow[]): EquityPoint[] {
  const first = snapshots[0];
  if (!first || snapshots.every(({ trades }) => trades === 0)) return [];
  let highest = first.openingValue;
  const start = { day: first.from, value: first.openingValue, drawdown: 0 };
  return [
    start,
    ...snapshots.map(({ to, finalValue }) => {
      highest = Math.max(highest, finalValue);
      return { day: to, value: finalValue, drawdown: highest > 0 ? finalValue / highest - 1 : 0 };
    }),
  ];
}

export interface LagBin {
  readonly label: string;
  readonly count: number;
}

export interface SignalLag {
  readonly bins: readonly LagBin[];
  readonly n: number;
  /** Seconds. */
  readonly half: number;
  readonly mostly: number;
}

const BOUNDS = [
  [1, '< 1 s'],
  [10, '1–10 s'],
  [60, '10–60 s'],
  [300, '1–5 min'],
  [1_800, '5–30 min'],
  [7_200, '½–2 h'],
  [Infinity, '> 2 h'],
] as const;

/** From a signal to its final acknowledgement; undefined where none was acknowledged. */
export function signalLag(deliveries: readonly DeliveryRow[]): SignalLag | undefined {
  const seconds = deliveries.flatMap(({ timestamp, processedAt }) =>
    processedAt === undefined ? [] : [Math.max(0, (Date.parse(processedAt) - Date.parse(timestamp)) / 1000)],
  );
  if (seconds.length === 0) return undefined;
  const bins = BOUNDS.map(([bound, label], i) => ({
    label,
    count: seconds.filter((lag) => lag < bound && lag >= (BOUNDS[i - 1]?.[0] ?? 0)).length,
  }));
  return { bins, n: seconds.length, half: percentile(seconds, 0.5), mostly: percentile(seconds, 0.95) };
}
