import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonValue } from '../../lambdas/shared/schema/fields.ts';
import { UsageError } from './options.ts';

/** A day's record of a language model that trades ten coins (HKUDS/AI-Trader, MIT). */
export interface TradeRecord {
  readonly agent: string;
  readonly date: string;
  readonly id: number;
  readonly this_action?: { readonly action: string; readonly symbol: string; readonly amount: number };
  readonly positions: Readonly<Record<string, number>>;
}

/** Daily prices of one coin, from the same source. */
export interface CoinPrices {
  readonly 'Meta Data': { readonly '2. Symbol': string };
  readonly 'Time Series (Daily)': Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** One tool call of a language model that serves an airline's customers (sierra-research/tau-bench, MIT). */
export interface ToolCall {
  readonly agent: string;
  readonly episode: string;
  readonly task_id: number;
  readonly trial: number;
  readonly step: number;
  readonly action: string;
  readonly args: Readonly<Record<string, JsonValue>>;
  /** 1 when the episode was solved. */
  readonly episode_reward: number;
  readonly tool_error: boolean;
}

export interface PublishedLogs {
  readonly trades: readonly TradeRecord[];
  readonly prices: readonly CoinPrices[];
  readonly calls: readonly ToolCall[];
}

export const logFiles = {
  trades: 'ai-trader-crypto-decisions.jsonl',
  prices: 'ai-trader-crypto-prices.jsonl',
  calls: 'tau-airline-decisions.jsonl',
} as const;

/** @throws UsageError when the file cannot be read */
export function readLog<Row>(file: string): Row[] {
  const text = (() => {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
    }
  })();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

/** @throws UsageError when one of the files is not in the folder */
export const readLogs = (folder: string): PublishedLogs => ({
  trades: readLog(join(folder, logFiles.trades)),
  prices: readLog(join(folder, logFiles.prices)),
  calls: readLog(join(folder, logFiles.calls)),
});
