import { addDays, timeOf } from '../periods.ts';
import type { Snapshot } from './snapshot-contract.ts';

/** How a portfolio's figures are defined. All are stated in every answer. */
export type PortfolioDefinitions = Omit<Snapshot['definitions'], 'since'>;

export const defaultDefinitions: PortfolioDefinitions = {
  startingValue: 10_000,
  returnBasis: 'compounding',
  annualization: 365,
  deviation: 'sample',
  riskFreeRate: 0,
};

/** Shares, not percent; null where it is not defined. `maxDrawdown` is in quote currency; drawdowns are 0 or above. */
export type PortfolioFigures = Pick<
  Snapshot,
  | 'openingValue'
  | 'finalValue'
  | 'days'
  | 'totalReturn'
  | 'annualizedReturn'
  | 'sharpe'
  | 'sortino'
  | 'calmar'
  | 'maxDrawdown'
  | 'maxDrawdownPct'
>;

/**
 * Results of the days from one to another, one a day; with 252 days a year one a weekday. Results of a weekend are booked
 * on the day after it, or on the last weekday where the period ends with the weekend.
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
 * The figures of a portfolio, from its earnings of each day.
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

/** The return of one good day, annualized, may exceed every number. */
const finite = (value: number | null): number | null =>
  value === null || !Number.isFinite(value) ? null : value;

/** Rounding leaves a deviation of up to this share where all returns are the same. */
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
