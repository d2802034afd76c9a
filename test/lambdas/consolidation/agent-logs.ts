import { DAY_MS, HOUR_MS } from '../../../lambdas/shared/platform/clock.ts';
import { seeded } from '../mining/case-generator.ts';
import type { DecisionSketch } from './pipeline.ts';

export interface LogOptions {
  readonly until: string;
  readonly count: number;
  readonly seed: number;
  /** Success rate where `signal` is `strong`, and elsewhere. */
  readonly strong: number;
  readonly other: number;
  readonly context?: (random: () => number) => Record<string, unknown>;
}

/** Decisions of the last ten days in four fields of four values; the rule, where there is one, is `signal = strong`. */
export function logOf({
  until,
  count,
  seed,
  strong,
  other,
  context = () => ({}),
}: LogOptions): DecisionSketch[] {
  const random = seeded(seed);
  const pick = (values: readonly string[]): string => values[Math.floor(random() * values.length)]!;
  const start = Date.parse(until) - 10 * DAY_MS;
  return Array.from({ length: count }, (_, i) => {
    const signal = pick(['strong', 'weak', 'none', 'mixed']);
    return {
      context: {
        signal,
        asset: pick(['BTC', 'ETH', 'SOL', 'XRP']),
        venue: pick(['north', 'south', 'east', 'west']),
        depth: pick(['thin', 'normal', 'deep', 'full']),
        ...context(random),
      },
      status: random() < (signal === 'strong' ? strong : other) ? ('success' as const) : ('failure' as const),
      timestamp: new Date(start + Math.floor((i / count) * (10 * DAY_MS - 2 * HOUR_MS))).toISOString(),
    };
  });
}
