import { parseArgs } from 'node:util';

export interface DemoOptions {
  /** Real prices; without it a market is invented. */
  readonly csv?: string;
  /** Days to learn from. */
  readonly days: number;
  /** Days to check on, after learning is frozen. */
  readonly test: number;
  readonly seed: number;
  /** Use the service that runs on `port` instead of one of its own. */
  readonly keep: boolean;
  readonly port: number;
}

/** The message is what the user is shown. */
export class UsageError extends Error {}

export const USAGE =
  'npm run demo -- [--csv FILE] [--days 180] [--test 60] [--seed 7] [--keep]\n' +
  '  --csv   hourly bars: timestamp_utc,open,high,low,close,volume; without it a market is invented\n' +
  '  --days  days to learn from; --test  days to check on after learning is frozen\n' +
  '  --seed  of the invented market\n' +
  '  --keep  use the service that runs on PORT (default 3000) and leave everything in it';

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < least)
    throw new UsageError(`--${name} must be a whole number of at least ${least}\n${USAGE}`);
  return value;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        csv: { type: 'string' },
        days: { type: 'string', default: '180' },
        test: { type: 'string', default: '60' },
        seed: { type: 'string', default: '7' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${USAGE}`);
  }
}

/** @throws UsageError */
export function readOptions(args: readonly string[], port = '3000'): DemoOptions {
  const { csv, days, test, seed, keep, help } = parse(args);
  if (help) throw new UsageError(USAGE);
  return {
    ...(csv !== undefined && { csv }),
    days: wholeNumber('days', days, 1),
    test: wholeNumber('test', test, 0),
    seed: wholeNumber('seed', seed, 0),
    keep,
    port: wholeNumber('port', port, 1),
  };
}
