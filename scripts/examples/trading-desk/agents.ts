import { type Bar, HOUR } from './bars.ts';
import { adverseMove, type Bet, rangeOf } from './bets.ts';
import {
  changeOver,
  featuresAt,
  type MarketFeatures,
  median,
  stretches,
  WARM_UP_HOURS,
  LEAD_HOURS,
} from './features.ts';
import { CYCLE_HOURS } from './market.ts';
import { randomSource } from '../../shared/random.ts';

export const agentRoles = ['market-hunter', 'risk-manager', 'trade-executor'] as const;
export type AgentRole = (typeof agentRoles)[number];

/** In the order of a chain: each is the parent of the next. */
export const decisionTypes = [
  'SOURCE_SELECTION',
  'QUERY_EXECUTION',
  'SIGNAL_GENERATION',
  'RISK_ASSESSMENT',
  'TRADE_EXECUTION',
] as const;
export type DecisionType = (typeof decisionTypes)[number];

export interface PlannedDecision {
  readonly role: AgentRole;
  readonly decisionType: DecisionType;
  readonly context: Readonly<Record<string, unknown>>;
  readonly action: string;
  readonly reasoning: {
    readonly scores?: Readonly<Record<string, number>>;
    readonly selected?: readonly string[];
    readonly exploration: boolean;
    readonly confidence: number;
  };
  readonly bet: Bet;
}

/** One look at the market: three to five decisions, and the news that passes between them. */
export interface Chain {
  /** UTC ISO-8601: the close of the bar it looked at. */
  readonly timestamp: string;
  readonly decisions: readonly PlannedDecision[];
  /** Volatility just became high: told to whoever subscribed. */
  readonly alarm: boolean;
}

/** Share of choices made against the agent's own preference, so that the other side is seen too. */
const EXPLORATION = 0.1;
const WINDOWS = { 'candles-6h': 6, 'candles-24h': 24, 'candles-72h': 72 } as const;
type Window = keyof typeof WINDOWS;
const windows = Object.keys(WINDOWS) as Window[];

/** How often each window pointed the right way over the last week. */
function windowScores(bars: readonly Bar[]): Record<Window, number> {
  const ends = Array.from({ length: 40 }, (_, i) => bars.length - CYCLE_HOURS * (i + 1));
  const score = (hours: number) =>
    ends.filter((end) => {
      const now = bars[end - 1]!.close;
      const before = now / bars[end - 1 - hours]!.close - 1;
      return before * (bars[end - 1 + CYCLE_HOURS]!.close / now - 1) > 0;
    }).length / ends.length;
  return Object.fromEntries(windows.map((name) => [name, score(WINDOWS[name])])) as Record<Window, number>;
}

/** What three hours usually did lately: half of them less, half more. */
function usual(bars: readonly Bar[], hours: number) {
  const past = stretches(bars, hours, CYCLE_HOURS);
  const of = (measure: (entry: number, bars: readonly Bar[]) => number) =>
    Math.max(1e-6, median(past.map(({ before, bars: known }) => measure(before.close, known))));
  return {
    move: of((entry, known) => Math.abs(known.at(-1)!.close / entry - 1)),
    range: of(rangeOf),
    against: {
      long: of((entry, known) => adverseMove(entry, known, 'long')),
      short: of((entry, known) => adverseMove(entry, known, 'short')),
    },
  };
}

type Dice = (name: string) => number;

function selectSource(market: MarketFeatures, bars: readonly Bar[], dice: Dice): PlannedDecision {
  const scores = windowScores(bars);
  const exploration = dice('source') < EXPLORATION;
  const preferred = windows.reduce((best, name) => (scores[name] > scores[best] ? name : best));
  const chosen = exploration ? windows[Math.floor(dice('which') * windows.length)]! : preferred;
  return {
    role: 'market-hunter',
    decisionType: 'SOURCE_SELECTION',
    context: { market },
    action: 'read-candles',
    reasoning: { scores, selected: [chosen], exploration, confidence: scores[chosen] },
    bet: { kind: 'direction-of-window', change: changeOver(bars, WINDOWS[chosen]) },
  };
}

const estimateRange = (market: MarketFeatures, range: number): PlannedDecision => ({
  role: 'market-hunter',
  decisionType: 'QUERY_EXECUTION',
  context: { market },
  action: 'estimate-range',
  reasoning: { exploration: false, confidence: 0.5 },
  bet: { kind: 'range-within', estimate: range },
});

function callDirection(market: MarketFeatures, limit: number, dice: Dice): PlannedDecision {
  const exploration = dice('direction') < EXPLORATION;
  const preferred = market.trend === 'up' ? 'long' : market.trend === 'down' ? 'short' : 'flat';
  const others = (['long', 'short', 'flat'] as const).filter((side) => side !== preferred);
  const side = exploration ? others[Math.floor(dice('side') * 2)]! : preferred;
  return {
    role: 'market-hunter',
    decisionType: 'SIGNAL_GENERATION',
    context: { market },
    action: side,
    reasoning: { exploration, confidence: exploration ? 0.3 : 0.6 },
    bet: { kind: 'direction', side, limit },
  };
}

function assessRisk(
  market: MarketFeatures,
  side: 'long' | 'short',
  limit: number,
  dice: Dice,
): PlannedDecision & { readonly bet: { readonly approved: boolean } } {
  const exploration = dice('risk') < EXPLORATION;
  const approved = (market.volatility !== 'high') !== exploration;
  return {
    role: 'risk-manager',
    decisionType: 'RISK_ASSESSMENT',
    context: { market, side },
    action: approved ? 'approve' : 'reject',
    reasoning: { exploration, confidence: 0.6 },
    bet: { kind: 'adverse-move', side, approved, limit },
  };
}

const trade = (market: MarketFeatures, side: 'long' | 'short', limit: number): PlannedDecision => ({
  role: 'trade-executor',
  decisionType: 'TRADE_EXECUTION',
  context: { market },
  action: side === 'long' ? 'buy' : 'sell',
  reasoning: { exploration: false, confidence: 0.6 },
  bet: { kind: 'trade', side, stop: 2 * limit },
});

/**
 * What the three agents decide at the close of the last bar. A pure function of the bars it is given: the same bars,
 * the same chain, and no later bar in reach.
 */
export function chainAt(known: readonly Bar[]): Chain {
  const bars = known.slice(-LEAD_HOURS);
  const now = bars.at(-1)!;
  const dice: Dice = (name) =>
    randomSource(
      [...name].reduce((hash, letter) => Math.imul(hash, 31) + letter.charCodeAt(0), now.time / HOUR),
    )();
  const market = featuresAt(bars);
  // The range is estimated from a month, as if calm and storm did not last; limits follow the last two days.
  const { range } = usual(bars, WARM_UP_HOURS);
  const { move, against } = usual(bars, 48);
  const call = callDirection(market, move, dice);
  const decisions = [selectSource(market, bars, dice), estimateRange(market, range), call];
  if (call.bet.kind === 'direction' && call.bet.side !== 'flat') {
    const { side } = call.bet;
    const risk = assessRisk(market, side, against[side], dice);
    decisions.push(risk, ...(risk.bet.approved ? [trade(market, side, against[side])] : []));
  }
  return {
    timestamp: new Date(now.time).toISOString(),
    decisions,
    alarm: market.volatility === 'high' && featuresAt(bars.slice(0, -CYCLE_HOURS)).volatility !== 'high',
  };
}
