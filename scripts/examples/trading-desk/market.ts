import { type Bar, DAY, HOUR } from './bars.ts';
import { featuresAt, LEAD_HOURS, WARM_UP_HOURS } from './features.ts';
import { normal, randomSource } from '../../shared/random.ts';

/** Hours between two looks at the market, and hours until a look is judged: outcomes do not overlap. */
export const CYCLE_HOURS = 3;

export interface Period {
  /** Enough bars before the first day to compute its features, and all bars to the end of the last. */
  readonly bars: readonly Bar[];
  /** Midnight the first day begins with. */
  readonly start: number;
}

/** The last `days` whole UTC days of the bars, with what their features need before them. */
export function lastDays(bars: readonly Bar[], days: number): Period {
  const last = bars.at(-1)?.time ?? 0;
  const end = Math.floor(last / DAY) * DAY;
  const start = end - days * DAY;
  const first = bars[0]?.time ?? 0;
  if (start - LEAD_HOURS * HOUR + HOUR < first)
    throw new Error(
      `${days} days and ${LEAD_HOURS / 24} days before them are wanted; the bars cover ${Math.floor((end - first) / DAY)} days`,
    );
  return { bars: bars.filter(({ time }) => time > start - LEAD_HOURS * HOUR && time <= end), start };
}

/** Hourly deviation of the invented market's calm, usual and stormy regimes. */
const REGIMES = [0.002, 0.0045, 0.009] as const;
const REGIME_HOURS = 72;
/** Drift per hour, in deviations, while the rule holds: about 90 % of three-hour moves go up. */
const RULE_DRIFT = 0.8;
const INVENTED_START = Date.UTC(2024, 0, 1);

/** What is really true in the invented market, in words, to hold the findings against. */
export const INVENTED_TRUTH =
  'after an upward day in calm hours (trend up, volatility low) the price goes on rising; calm and storm each last for days; every other direction is a coin toss';

/**
 * A seeded random walk whose volatility changes by regime, and in which one rule is really true (`INVENTED_TRUTH`).
 * The rule reads the same features the agents see, so they could know it, and only it.
 */
export function inventMarket(days: number, seed: number): Period {
  const random = randomSource(seed);
  const hours = LEAD_HOURS + days * 24;
  const start = INVENTED_START + LEAD_HOURS * HOUR;
  const bars: Bar[] = [];
  let close = 20_000;
  let regime = 1;
  let rising = false;
  for (let hour = 0; hour < hours + 1; hour++) {
    if (random() < 1 / REGIME_HOURS) regime = Math.floor(random() * REGIMES.length);
    const time = INVENTED_START + hour * HOUR;
    if (bars.length > WARM_UP_HOURS && (time / HOUR - 1) % CYCLE_HOURS === 0) {
      const { trend, volatility } = featuresAt(bars);
      rising = trend === 'up' && volatility === 'low';
    }
    const deviation = REGIMES[regime]!;
    const open = close;
    const steps = [1, 2, 3, 4].map(
      () => (deviation / 2) * normal(random) + (rising ? (RULE_DRIFT * deviation) / 4 : 0),
    );
    const path = steps.reduce<number[]>(
      (prices, step) => [...prices, prices.at(-1)! * Math.exp(step)],
      [open],
    );
    close = path.at(-1)!;
    const busy = 12 <= hour % 24 && hour % 24 < 20 ? 1.5 : 1;
    bars.push({
      time,
      open,
      close,
      high: Math.max(...path),
      low: Math.min(...path),
      volume: 100 * busy * Math.exp(0.4 * normal(random)),
    });
  }
  return { bars, start };
}
