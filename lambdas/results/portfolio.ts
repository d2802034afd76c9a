import { addDays, timeOf } from './periods.ts';

/** How a portfolio's figures are defined. All are stated in every answer. */
export interface PortfolioDefinitions {
  /** Value of the portfolio at the beginning of `since`. @default 10,000 */
  readonly startingValue: number;
  /** A day's return: on the value of the evening before (`compounding`), or on the starting value (`fixed`). */
  readonly returnBasis: 'compounding' | 'fixed';
  /** Days of a year: 365, or 252 without Saturdays and Sundays, whose results count on the Monday after. */
  readonly annualization: 365 | 252;
  /** Deviations divide by n − 1 (`sample`) or n (`population`). */
  readonly deviation: 'sample' | 'population';
  /** Yearly, as a share; per day `(1 + r)^(1/annualization) − 1`. @default 0 */
  readonly riskFreeRate: number;
}

export const defaultDefinitions: PortfolioDefinitions = {
  startingValue: 10_000,
  returnBasis: 'compounding',
  annualization: 365,
  deviation: 'sample',
  riskFreeRate: 0,
};

/** Shares, not percent; null where it is not defined. */
export interface PortfolioFigures {
  readonly openingValue: number;
  readonly finalValue: number;
  /** Days with a return. */
  readonly days: number;
  readonly totalReturn: number | null;
  readonly annualizedReturn: number | null;
  readonly sharpe: number | null;
  readonly sortino: number | null;
  readonly calmar: number | null;
  /** Quote currency, ≥ 0. */
  readonly maxDrawdown: number;
  /** Share of the highest value before it, ≥ 0. */
  readonly maxDrawdownPct: number | null;
}

/**
 * Results of the days from one to another, one a day; with 252 days a year one a weekday. What a weekend brought is
 * booked on the day after it, or on the last weekday where the period ends with it.
 */
export function resultsByDay(
  pnlOn: ReadonlyMap<string, number>,
  from: string,
  to: string,
  annualization: PortfolioDefinitions['annualization'],
): number[] {
  const results: number[] = [];
  let waiting = 0;
  for (let day = from; day <= to; day = addDays(day, 1)) {
    const weekday = new Date(timeOf(day)).getUTCDay();
    waiting += pnlOn.get(day) ?? 0;
    if (annualization === 252 && (weekday === 0 || weekday === 6)) continue;
    results.push(waiting);
    waiting = 0;
  }
  if (results.length === 0) return [waiting];
  results[results.length - 1]! += waiting;
  return results;
}

/**
 * What a portfolio did, from what it earned each day.
 *
 * - total return: final ÷ opening value − 1; annualized: (1 + total)^(annualization ÷ days) − 1, −1 where all is lost
 * - Sharpe: mean excess daily return ÷ its deviation × √annualization. @see Sharpe (1994), J. Portfolio Management 21:49–58
 * - Sortino: the same ÷ downside deviation, the root mean square of returns below the risk-free one over all days.
 *   @see Sortino & Price (1994), J. Investing 3:59–64
 * - Calmar: annualized return ÷ relative maximum drawdown. @see Young (1991), Futures 20:40
 * - maximum drawdown: the largest fall from the highest value so far, the opening value included, evening to evening
 *
 * A ratio is null with fewer than two days, where its divisor is 0, or where the value was not above 0.
 */
export function portfolioFigures(
  results: readonly number[],
  openingValue: number,
  definitions: PortfolioDefinitions,
): PortfolioFigures {
  const { annualization, returnBasis, startingValue } = definitions;
  let value = openingValue;
  let peak = openingValue;
  let maxDrawdown = 0;
  let maxDrawdownPct = 0;
  let solvent = openingValue > 0;
  const returns: number[] = [];
  for (const result of results) {
    returns.push(result / (returnBasis === 'fixed' ? startingValue : value));
    value += result;
    peak = Math.max(peak, value);
    maxDrawdown = Math.max(maxDrawdown, peak - value);
    if (peak > 0) maxDrawdownPct = Math.max(maxDrawdownPct, (peak - value) / peak);
    solvent &&= value > 0;
  }
  const totalReturn = openingValue > 0 ? (value - openingValue) / openingValue : null;
  const annualizedReturn =
    totalReturn === null
      ? null
      : totalReturn <= -1
        ? -1
        : (1 + totalReturn) ** (annualization / results.length) - 1;
  const ratios = solvent || returnBasis === 'fixed' ? ratiosOf(returns, definitions) : undefined;
  return {
    openingValue,
    finalValue: value,
    days: results.length,
    totalReturn,
    annualizedReturn: finite(annualizedReturn),
    sharpe: ratios?.sharpe ?? null,
    sortino: ratios?.sortino ?? null,
    calmar:
      annualizedReturn === null || maxDrawdownPct === 0 ? null : finite(annualizedReturn / maxDrawdownPct),
    maxDrawdown,
    maxDrawdownPct: openingValue > 0 ? maxDrawdownPct : null,
  };
}

/** One good day, annualized, may be beyond any number. */
const finite = (value: number | null): number | null =>
  value === null || !Number.isFinite(value) ? null : value;

/** Rounding leaves a deviation where all returns are the same. */
const NOTHING = 1e-15;

function ratiosOf(
  returns: readonly number[],
  { annualization, deviation, riskFreeRate }: PortfolioDefinitions,
): { readonly sharpe: number | null; readonly sortino: number | null } {
  const n = returns.length;
  if (n < 2) return { sharpe: null, sortino: null };
  const riskFree = (1 + riskFreeRate) ** (1 / annualization) - 1;
  const excess = returns.map((value) => value - riskFree);
  const mean = excess.reduce((sum, value) => sum + value, 0) / n;
  const divisor = deviation === 'sample' ? n - 1 : n;
  const spread = Math.sqrt(excess.reduce((sum, value) => sum + (value - mean) ** 2, 0) / divisor);
  const downside = Math.sqrt(excess.reduce((sum, value) => sum + Math.min(0, value) ** 2, 0) / n);
  const scale = Math.sqrt(annualization);
  const isNothing = (value: number): boolean => value <= NOTHING * Math.max(1, Math.abs(mean));
  return {
    sharpe: isNothing(spread) ? null : (mean / spread) * scale,
    sortino: isNothing(downside) ? null : (mean / downside) * scale,
  };
}
