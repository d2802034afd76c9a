import { createHash } from 'node:crypto';
import { createMiner } from '../../../lambdas/mining/mine.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import type {
  Features,
  FeatureValue,
  Finding,
  MiningSettings,
  ResolvedCase,
} from '../../../lambdas/mining/types.ts';
import type { Miner } from '../../../lambdas/mining/mine.ts';
import type { Scalar } from '../../../lambdas/mining/vocabulary.ts';

export const DAY = 86_400_000;
export const START = Date.parse('2026-01-05T00:00:00.000Z');

export const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A seeded generator (mulberry32): the same numbers in every run. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Features from plain values: an array is a set, `undefined` is absent. */
export const featuresOf = (
  values: Readonly<Record<string, Scalar | readonly Scalar[] | undefined>>,
): Features => {
  const features = new Map<string, FeatureValue>();
  for (const [path, value] of Object.entries(values)) {
    if (value === undefined) continue;
    if (typeof value === 'object') features.set(path, { kind: 'set', values: value });
    else features.set(path, { kind: 'value', value });
  }
  return features;
};

export function minerOf(cases: Iterable<ResolvedCase>, settings: Partial<MiningSettings> = {}): Miner {
  const miner = createMiner({
    agentId: 'risk-manager',
    decisionType: 'RISK_ASSESSMENT',
    settings: { ...defaultMiningSettings, ...settings },
    hash,
  });
  for (const resolved of cases) miner.add(resolved);
  return miner;
}

export interface LogOptions {
  readonly decisions: number;
  readonly seed: number;
  /** @default 0.5 */
  readonly base?: number;
  readonly fields?: number;
  /** Added to the success rate where the first `planted` fields are all `a`. */
  readonly effect?: number;
  readonly planted?: number;
  /** Share of cases in which the last field repeats the first one. */
  readonly copied?: number;
}

/** Independent fields `f0`… of four values each, over 90 days, with at most one rule planted. */
export function simulateLog(options: LogOptions): ResolvedCase[] {
  const { decisions, seed, base = 0.5, fields = 8, effect = 0, planted = 0, copied = 0 } = options;
  const random = seeded(seed);
  return Array.from({ length: decisions }, (_, index) => {
    const values = Array.from({ length: fields }, () => 'abcd'[Math.floor(random() * 4)]!);
    if (random() < copied) values[fields - 1] = values[0]!;
    const holds = planted > 0 && values.slice(0, planted).every((value) => value === 'a');
    return {
      decisionId: `RISK_ASSESSMENT-${String(index).padStart(6, '0')}`,
      time: START + Math.floor((index / decisions) * 90 * DAY),
      success: random() < base + (holds ? effect : 0),
      features: featuresOf(Object.fromEntries(values.map((value, field) => [`f${field}`, value]))),
    };
  });
}

export const promotedOf = (miner: Miner): Finding[] =>
  miner.mine().findings.filter(({ verdict }) => verdict === 'promote');

/** `success: f0=a & f1=a`, in the order of the conditions. */
export const nameOf = ({ asserts, conditions }: Pick<Finding, 'asserts' | 'conditions'>): string =>
  `${asserts}: ${conditions
    .map((condition) => `${condition.path}=${'value' in condition ? String(condition.value) : condition.op}`)
    .join(' & ')}`;
