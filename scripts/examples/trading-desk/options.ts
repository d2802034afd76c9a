import {
  asText,
  flag,
  optional,
  readArguments,
  readWholeNumber,
  UsageError,
  wholeNumber,
} from '../../shared/options.ts';

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

const usage = {
  command: 'npm run example -- trading-desk',
  about: 'Three agents live through hourly bars with the service; then what they learned is checked.',
  options: {
    csv: optional(
      'FILE',
      'hourly bars, timestamp_utc,open,high,low,close,volume; without it a market is invented',
      asText,
    ),
    days: wholeNumber('days to learn from', { least: 1, fallback: 180 }),
    test: wholeNumber('days to check on after learning is frozen', { least: 0, fallback: 60 }),
    seed: wholeNumber('of the invented market', { least: 0, fallback: 7 }),
    keep: flag('use the service that runs on PORT (default 3000) and leave everything in it'),
  },
};

function readPort(given: string): number {
  try {
    return readWholeNumber(given, { least: 1, most: 65_535 });
  } catch (error) {
    throw new UsageError(`${usage.command}: PORT ${(error as Error).message}`);
  }
}

/** @throws UsageError */
export function readOptions(args: readonly string[], port = '3000'): DemoOptions {
  return { ...readArguments(usage, args), port: readPort(port) };
}
