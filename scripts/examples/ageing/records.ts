import type { NewMemory } from '../../../lambdas/memories/memory-change.ts';
import type { CoinPrices, PublishedLogs } from '../../shared/published-logs.ts';

/** What an agent remembers of a day. */
export interface DayOfRecords {
  readonly agentId: string;
  /** Days after the first. */
  readonly day: number;
  readonly memories: readonly NewMemory[];
}

export const FIRST_DAY = '2025-11-01';
const DAY_MS = 86_400_000;
const dayOf = (date: string): number => Math.round((Date.parse(date) - Date.parse(FIRST_DAY)) / DAY_MS);

function byDay<Row>(
  agentId: string,
  rows: readonly Row[],
  dayOfRow: (row: Row) => number,
  memoryOf: (row: Row) => NewMemory,
): DayOfRecords[] {
  const days = new Map<number, NewMemory[]>();
  for (const row of rows) {
    const day = dayOfRow(row);
    days.set(day, [...(days.get(day) ?? []), memoryOf(row)]);
  }
  return [...days].map(([day, memories]) => ({ agentId, day, memories }));
}

/** Where people say the name, and the record has the ticker. */
const COINS: Readonly<Record<string, string>> = {
  ADA: 'Cardano',
  AVAX: 'Avalanche',
  BTC: 'Bitcoin',
  DOT: 'Polkadot',
  ETH: 'Ethereum',
  LINK: 'Chainlink',
  LTC: 'Litecoin',
  SOL: 'Solana',
  SUI: 'Sui',
  XRP: 'Ripple',
};
const coinOf = (symbol: string): string => {
  const [ticker = ''] = symbol.split('-');
  return `${ticker} (${COINS[ticker] ?? ticker})`;
};

/** A coin's opening price by day. */
function openings(prices: readonly CoinPrices[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { 'Meta Data': meta, 'Time Series (Daily)': series } of prices)
    for (const [date, bar] of Object.entries(series))
      found.set(`${meta['2. Symbol']} ${date}`, Number(bar['1. buy price']));
  return found;
}

const nextDay = (date: string): string => new Date(Date.parse(date) + DAY_MS).toISOString().slice(0, 10);

/** Language models that traded ten coins: what each did, and what the coin did in the day after. */
export function traders({ trades, prices }: PublishedLogs): DayOfRecords[] {
  const open = openings(prices);
  return byDay(
    'crypto-desk',
    trades,
    ({ date }) => dayOf(date),
    ({ agent, date, id, this_action: action, positions }) => {
      const metadata = { speaker: agent, occurredAt: `${date}T12:00:00.000Z` };
      const content = { trader: agent, date, record: id, ...(action && { action }), positions };
      if (!action || action.action === 'no_trade')
        return { memoryType: 'OBSERVATION', content, text: `${agent} did not trade on ${date}.`, metadata };
      const bought = action.action === 'buy_crypto';
      const [before, after] = [
        open.get(`${action.symbol} ${date}`),
        open.get(`${action.symbol} ${nextDay(date)}`),
      ];
      const gain = before && after ? (bought ? 1 : -1) * (after / before - 1) : undefined;
      return {
        memoryType: 'TRADE',
        content,
        text: `${agent} ${bought ? 'bought' : 'sold'} ${action.amount} ${coinOf(action.symbol)} on ${date}${
          before ? ` at ${before}` : ''
        }${gain === undefined ? '' : `; a day later it had ${gain > 0 ? 'gained' : 'lost'} ${Math.abs(100 * gain).toFixed(1)} %`}.`,
        tags: [action.symbol],
        metadata: { ...metadata, topic: action.symbol },
        ...(gain !== undefined && { outcome: { status: gain > 0 ? 'success' : 'failure', gain } }),
      };
    },
  );
}

const AIRLINE_DAYS = 10;
const CHANGES = /^(book|update|cancel|send)_/;

/** A language model at an airline's service desk: its tool calls, and whether the customer was helped in the end. */
export function airline({ calls }: PublishedLogs): DayOfRecords[] {
  return byDay(
    'airline-desk',
    calls,
    ({ task_id, trial }) => (task_id + 3 * trial) % AIRLINE_DAYS,
    ({ task_id, action, args, episode_reward, tool_error }) => {
      const solved = episode_reward === 1;
      const call = action.replaceAll('_', ' ');
      const content = { call: action, args };
      const said = Object.entries(args).map(
        ([name, value]) => `${name.replaceAll('_', ' ')} ${JSON.stringify(value)}`,
      );
      const text = `${call}: ${said.join(', ')}${tool_error ? '. Refused by the tool.' : ''}`;
      const metadata = { topic: `task ${task_id}` };
      if (tool_error)
        return { memoryType: 'FAILURE', content, text, metadata, outcome: { status: 'failure' } };
      if (action === 'think') return { memoryType: 'INSIGHT', content, text, metadata };
      if (solved && CHANGES.test(action))
        return { memoryType: 'STRATEGY', content, text, metadata, outcome: { status: 'success' } };
      return { memoryType: 'OBSERVATION', content, text, metadata };
    },
  );
}
