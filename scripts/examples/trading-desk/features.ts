import type { Bar } from './bars.ts';

/** Longest look back of any feature: 30 days. */
export const WARM_UP_HOURS = 30 * 24;
/** Bars wanted before the first day: the longest look back, and some room to look at what was before. */
export const LEAD_HOURS = WARM_UP_HOURS + 24;

/** What an agent knows of the market at the close of the last bar it is given. */
export interface MarketFeatures {
  /** The last 24 hours against what 24 hours usually move. */
  readonly trend: 'up' | 'down' | 'sideways';
  /** The last 24 hours' hourly deviation among those of the last 30 days. */
  readonly volatility: 'low' | 'normal' | 'high';
  readonly session: 'asia' | 'europe' | 'america';
  /** The last 3 hours against the average of 7 days. */
  readonly volume: 'thin' | 'usual' | 'heavy';
  /** Where the close lies between the low and the high of 24 hours, 0 to 1. */
  readonly rangePosition: number;
  /** Percent the last 3 hours moved. */
  readonly movePct: number;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / (values.length || 1);

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const deviation = (values: readonly number[]): number => {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
};

const round = (value: number, digits: number) => Number(value.toFixed(digits));

/** Log return of each bar over the one before it. */
const hourlyReturns = (bars: readonly Bar[]): number[] =>
  bars.slice(1).map((bar, i) => Math.log(bar.close / bars[i]!.close));

/** Relative change over the last `hours`, which the newest bar ends. */
export function changeOver(bars: readonly Bar[], hours: number): number {
  const now = bars.at(-1)!;
  return now.close / bars.at(-1 - hours)!.close - 1;
}

/** Splits the last `hours` bars into stretches of `length`, oldest first, each with the bar before it as its start. */
export function stretches(
  bars: readonly Bar[],
  hours: number,
  length: number,
): { before: Bar; bars: Bar[] }[] {
  const first = bars.length - hours;
  return Array.from({ length: Math.floor(hours / length) }, (_, i) => {
    const from = first + i * length;
    return { before: bars[from - 1]!, bars: bars.slice(from, from + length) };
  });
}

function sessionOf(time: number): MarketFeatures['session'] {
  const hour = new Date(time).getUTCHours();
  if (hour < 8) return 'asia';
  return hour < 14 ? 'europe' : 'america';
}

/**
 * Features at the close of the last bar. Nothing later is in reach: the caller passes the bars up to that hour and no
 * more.
 *
 * @param bars at least `WARM_UP_HOURS` + 1, oldest first
 */
export function featuresAt(bars: readonly Bar[]): MarketFeatures {
  if (bars.length <= WARM_UP_HOURS) throw new RangeError(`${WARM_UP_HOURS + 1} bars are needed`);
  const month = hourlyReturns(bars.slice(-WARM_UP_HOURS - 1));
  const day = bars.slice(-24);
  const now = day.at(-1)!;

  const strength = changeOver(bars, 24) / (deviation(month) * Math.sqrt(24) || 1);
  const today = deviation(month.slice(-24));
  // Every sixth hour's 24-hour deviation: a month's ranking at a quarter of the work.
  const past = Array.from({ length: 113 }, (_, i) => deviation(month.slice(i * 6, i * 6 + 24)));
  const rank = past.filter((value) => value < today).length / past.length;
  const busy =
    mean(bars.slice(-3).map(({ volume }) => volume)) /
    (mean(bars.slice(-168).map(({ volume }) => volume)) || 1);
  const low = Math.min(...day.map((bar) => bar.low));
  const high = Math.max(...day.map((bar) => bar.high));

  return {
    trend: strength > 0.5 ? 'up' : strength < -0.5 ? 'down' : 'sideways',
    volatility: rank < 1 / 3 ? 'low' : rank < 2 / 3 ? 'normal' : 'high',
    session: sessionOf(now.time),
    volume: busy < 0.75 ? 'thin' : busy < 1.25 ? 'usual' : 'heavy',
    rangePosition: round((now.close - low) / (high - low || 1), 2),
    movePct: round(changeOver(bars, 3) * 100, 2),
  };
}
