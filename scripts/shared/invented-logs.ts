import type { CoinPrices, PublishedLogs, ToolCall, TradeRecord } from './published-logs.ts';
import { type RandomSource, randomSource } from './random.ts';

const FIRST_DAY = Date.UTC(2025, 10, 1);
const DAY_MS = 86_400_000;
const DAYS = 15;
const TRADERS = ['gpt-5', 'MiniMax-M2', 'claude-sonnet'];
const COINS: Readonly<Record<string, number>> = { 'BTC-USDT': 110_000, 'ETH-USDT': 3_300, 'SOL-USDT': 160 };
const CUSTOMERS = ['mia_li_3668', 'omar_khan_2096', 'lena_weber_7710', 'juan_perez_4410'];
const TRIALS = 2;

const dateOf = (day: number): string => new Date(FIRST_DAY + day * DAY_MS).toISOString().slice(0, 10);

function inventPrices(random: RandomSource): CoinPrices[] {
  return Object.entries(COINS).map(([symbol, start]) => {
    let price = start;
    const bars = Array.from({ length: DAYS + 1 }, (_, day) => {
      price *= 0.97 + 0.06 * random();
      return [dateOf(day), { '1. buy price': price.toFixed(2) }] as const;
    });
    return { 'Meta Data': { '2. Symbol': symbol }, 'Time Series (Daily)': Object.fromEntries(bars) };
  });
}

function inventTrades(random: RandomSource): TradeRecord[] {
  const symbols = Object.keys(COINS);
  return Array.from({ length: DAYS }, (_, day) => day).flatMap((day) =>
    TRADERS.map((agent, i): TradeRecord => {
      const symbol = symbols[(day + i) % symbols.length]!;
      const amount = 1 + Math.floor(9 * random());
      const action = random() < 0.5 ? 'buy_crypto' : 'sell_crypto';
      return {
        agent,
        date: dateOf(day),
        id: day,
        this_action:
          random() < 0.2 ? { action: 'no_trade', symbol: '', amount: 0 } : { action, symbol, amount },
        positions: { [symbol]: amount, CASH: 50_000 - 100 * day },
      };
    }),
  );
}

/** Every customer calls once a trial, and asks for the same again. */
function inventCalls(): ToolCall[] {
  return Array.from({ length: TRIALS }, (_, trial) => trial).flatMap((trial) =>
    CUSTOMERS.flatMap((customer, task) => {
      const reservation = `R${task}XK7Q`;
      const actions: readonly (readonly [string, ToolCall['args']])[] = [
        ['get_user_details', { user_id: customer }],
        ['get_reservation_details', { reservation_id: reservation }],
        ['search_direct_flight', { origin: 'JFK', destination: 'SEA', date: `2024-05-2${task}` }],
        ['think', { thought: `The fare of ${reservation} allows no refund.` }],
        ['cancel_reservation', { reservation_id: reservation }],
      ];
      return actions.map(([action, args], step): ToolCall => ({
        agent: 'invented-desk',
        episode: `${task}.${trial}`,
        task_id: task,
        trial,
        step,
        action,
        args,
        episode_reward: task === 0 ? 0 : 1,
        tool_error: action === 'cancel_reservation' && task === 0,
      }));
    }),
  );
}

/** Small logs in the form of the published ones, the same every time, for where those are not at hand. */
export function inventLogs(): PublishedLogs {
  const random = randomSource(1);
  return { prices: inventPrices(random), trades: inventTrades(random), calls: inventCalls() };
}
