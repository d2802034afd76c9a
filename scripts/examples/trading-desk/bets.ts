import type { Outcome } from '../../../lambdas/decisions/decision.ts';
import type { Bar } from './bars.ts';
import { CYCLE_HOURS } from './market.ts';

/**
 * What a decision claims about the next three hours, fixed when it is made. Bars that come later decide it, and
 * nothing else does.
 */
export type Bet =
  /** The window it chose to look at points where the price goes. */
  | { readonly kind: 'direction-of-window'; readonly change: number }
  /** High minus low stays within the estimate, a share of the price. */
  | { readonly kind: 'range-within'; readonly estimate: number }
  /** The price rises, falls, or moves less than `limit`. */
  | { readonly kind: 'direction'; readonly side: 'long' | 'short' | 'flat'; readonly limit: number }
  /** Approved: it never goes `limit` against the position. Rejected: it does. */
  | {
      readonly kind: 'adverse-move';
      readonly side: 'long' | 'short';
      readonly approved: boolean;
      readonly limit: number;
    }
  /** Earns more than its fees: in at the close, out at the stop or after three hours. */
  | { readonly kind: 'trade'; readonly side: 'long' | 'short'; readonly stop: number };

/** Both fees of a trade, as a share of the price. */
export const ROUND_TRIP_FEE = 0.001;

const clamp = (value: number) => Math.min(1, Math.max(0, value));
const percent = (share: number) => Number((share * 100).toFixed(4));

/** How far the price went against a position, as a share of its entry. */
export const adverseMove = (entry: number, bars: readonly Bar[], side: 'long' | 'short'): number =>
  side === 'long'
    ? Math.max(0, 1 - Math.min(...bars.map(({ low }) => low)) / entry)
    : Math.max(0, Math.max(...bars.map(({ high }) => high)) / entry - 1);

export const rangeOf = (entry: number, bars: readonly Bar[]): number =>
  (Math.max(...bars.map(({ high }) => high)) - Math.min(...bars.map(({ low }) => low))) / entry;

interface Verdict {
  readonly success: boolean;
  readonly qualityScore: number;
  readonly metrics: Readonly<Record<string, number>>;
}

function tradeVerdict(entry: number, bars: readonly Bar[], side: 'long' | 'short', stop: number): Verdict {
  const stopped = adverseMove(entry, bars, side) >= stop;
  const change = bars.at(-1)!.close / entry - 1;
  const gross = stopped ? -stop : side === 'long' ? change : -change;
  const net = gross - ROUND_TRIP_FEE;
  return {
    success: net > 0,
    qualityScore: clamp(0.5 + net / (2 * stop)),
    metrics: { netReturnPct: percent(net), stopped: stopped ? 1 : 0 },
  };
}

function verdictOf(bet: Bet, entry: number, bars: readonly Bar[]): Verdict {
  const change = bars.at(-1)!.close / entry - 1;
  switch (bet.kind) {
    case 'direction-of-window':
      return {
        success: change * bet.change > 0,
        qualityScore: change * bet.change > 0 ? 1 : 0,
        metrics: { movedPct: percent(change) },
      };
    case 'range-within': {
      const range = rangeOf(entry, bars);
      return {
        success: range <= bet.estimate,
        qualityScore: clamp(1 - Math.abs(range - bet.estimate) / bet.estimate),
        metrics: { rangePct: percent(range), estimatePct: percent(bet.estimate) },
      };
    }
    case 'direction': {
      const gain =
        bet.side === 'flat' ? bet.limit - Math.abs(change) : bet.side === 'long' ? change : -change;
      return {
        success: gain > 0,
        qualityScore: clamp(0.5 + gain / (4 * bet.limit)),
        metrics: { movedPct: percent(change) },
      };
    }
    case 'adverse-move': {
      const against = adverseMove(entry, bars, bet.side);
      return {
        success: against <= bet.limit === bet.approved,
        qualityScore: clamp(0.5 + ((bet.approved ? 1 : -1) * (bet.limit - against)) / (4 * bet.limit)),
        metrics: { adversePct: percent(against), limitPct: percent(bet.limit) },
      };
    }
    case 'trade':
      return tradeVerdict(entry, bars, bet.side, bet.stop);
  }
}

/**
 * The outcome of a bet made at the close of bar `index`.
 *
 * @returns undefined while the bars that decide it are not there
 */
export function judge(bet: Bet, bars: readonly Bar[], index: number): Outcome | undefined {
  const deciding = bars.slice(index + 1, index + 1 + CYCLE_HOURS);
  if (deciding.length < CYCLE_HOURS) return undefined;
  const { success, qualityScore, metrics } = verdictOf(bet, bars[index]!.close, deciding);
  return {
    status: success ? 'success' : 'failure',
    qualityScore: Number(qualityScore.toFixed(3)),
    metrics,
    occurredAt: new Date(deciding.at(-1)!.time).toISOString(),
  };
}
