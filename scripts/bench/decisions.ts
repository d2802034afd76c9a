import type { FeatureValue, ResolvedCase } from '../../lambdas/mining/types.ts';
import { randomSource } from '../shared/random.ts';

const CATEGORICAL = 15;
const NUMERIC = 5;
const VALUES = ['a', 'b', 'c', 'd'] as const;
const WINDOW_MS = 90 * 24 * 60 * 60 * 1000;
const START = Date.parse('2026-01-05T00:00:00.000Z');

/** Decisions column by column: 15 fields of four values, five of numbers, and how each turned out. */
export interface Columns {
  readonly count: number;
  /** Values as places in `VALUES`. */
  readonly codes: readonly Uint8Array[];
  /** Uniform in [0, 1). */
  readonly numbers: readonly Float64Array[];
  readonly succeeded: Uint8Array;
  readonly pnl: Float64Array;
}

/**
 * Independent fields, and three rules among them: `field0 = a` succeeds 10 points more often than the half that all
 * others do, `field1 = b` with the lowest quarter of `number0` 25 points more, and `field2 = c`, `field3 = d` and the
 * highest quarter of `number1` 35 points less.
 */
export function plantedColumns(count: number, seed: number): Columns {
  const random = randomSource(seed);
  const codes = Array.from({ length: CATEGORICAL }, () => new Uint8Array(count));
  const numbers = Array.from({ length: NUMERIC }, () => new Float64Array(count));
  const succeeded = new Uint8Array(count);
  const pnl = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    for (const column of codes) column[row] = Math.floor(random() * VALUES.length);
    for (const column of numbers) column[row] = random();
    let rate = 0.5;
    if (codes[0]![row] === 0) rate += 0.1;
    if (codes[1]![row] === 1 && numbers[0]![row]! < 0.25) rate += 0.25;
    if (codes[2]![row] === 2 && codes[3]![row] === 3 && numbers[1]![row]! >= 0.75) rate -= 0.35;
    succeeded[row] = random() < rate ? 1 : 0;
    pnl[row] = random();
  }
  return { count, codes, numbers, succeeded, pnl };
}

const VALUE_FEATURES = VALUES.map((value): FeatureValue => ({ kind: 'value', value }));
const NAMES = {
  codes: Array.from({ length: CATEGORICAL }, (_, i) => `field${i}`),
  numbers: Array.from({ length: NUMERIC }, (_, i) => `number${i}`),
};

/** One row as the miner takes it, over 90 days. */
export function caseAt({ count, codes, numbers, succeeded, pnl }: Columns, row: number): ResolvedCase {
  const features = new Map<string, FeatureValue>();
  for (let i = 0; i < codes.length; i++) features.set(NAMES.codes[i]!, VALUE_FEATURES[codes[i]![row]!]!);
  for (let i = 0; i < numbers.length; i++)
    features.set(NAMES.numbers[i]!, { kind: 'value', value: numbers[i]![row]! });
  return {
    decisionId: `TRADE_EXECUTION-${String(row).padStart(26, '0')}`,
    time: START + Math.floor((row / count) * WINDOW_MS),
    success: succeeded[row] === 1,
    features,
    metrics: { pnl: pnl[row]! },
  };
}
