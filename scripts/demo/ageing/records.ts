import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NewMemory } from '../../../lambdas/memories/memory-change.ts';

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

/** Rows of a JSON-lines file; undefined where there is none. */
function rowsOf<Row>(directory: string, name: string): Row[] | undefined {
  const file = join(directory, name);
  if (!existsSync(file)) return undefined;
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

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

interface Trade {
  readonly agent: string;
  readonly date: string;
  readonly id: number;
  readonly this_action?: { readonly action: string; readonly symbol: string; readonly amount: number };
  readonly positions: Readonly<Record<string, number>>;
}

interface Prices {
  readonly 'Meta Data': { readonly '2. Symbol': string };
  readonly 'Time Series (Daily)': Readonly<Record<string, Readonly<Record<string, string>>>>;
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
function openings(prices: readonly Prices[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { 'Meta Data': meta, 'Time Series (Daily)': series } of prices)
    for (const [date, bar] of Object.entries(series))
      found.set(`${meta['2. Symbol']} ${date}`, Number(bar['1. buy price']));
  return found;
}

const nextDay = (date: string): string => new Date(Date.parse(date) + DAY_MS).toISOString().slice(0, 10);

/** Language models that traded ten coins: what each did, and what the coin did in the day after. */
export function traders(directory: string): DayOfRecords[] | undefined {
  const rows = rowsOf<Trade>(directory, 'ai-trader-crypto-decisions.jsonl');
  const prices = rowsOf<Prices>(directory, 'ai-trader-crypto-prices.jsonl');
  if (!rows || !prices) return undefined;
  const open = openings(prices);
  return byDay(
    'crypto-desk',
    rows,
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

interface AirlineCall {
  readonly task_id: number;
  readonly trial: number;
  readonly action: string;
  readonly args: Readonly<Record<string, never>>;
  readonly episode_reward: number;
  readonly tool_error: boolean;
}

const AIRLINE_DAYS = 10;
const CHANGES = /^(book|update|cancel|send)_/;

/** A language model at an airline's service desk: its tool calls, and whether the customer was helped in the end. */
export function airline(directory: string): DayOfRecords[] | undefined {
  const rows = rowsOf<AirlineCall>(directory, 'tau-airline-decisions.jsonl');
  return (
    rows &&
    byDay(
      'airline-desk',
      rows,
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
    )
  );
}
