import { extractFeatures } from '../../../lambdas/mining/cases/features.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import type { Asserts, Condition } from '../../../lambdas/mining/vocabulary.ts';
import type { ResolvedCase } from '../../../lambdas/mining/types.ts';
import { normal, type RandomSource, randomSource } from '../../../scripts/shared/random.ts';

/** Days a log covers; the service's window is 90. */
export const LOG_DAYS = 60;
const DAY_MS = 24 * 60 * 60 * 1000;
export const LOG_START = Date.parse('2026-01-05T00:00:00.000Z');

const CATEGORIES = ['a', 'b', 'c'] as const;
const CATEGORICAL_FIELDS = 8;

/** Numeric fields, each with the value its upper quarter begins at. */
const numericFields: Readonly<
  Record<string, { readonly upperQuarter: number; readonly draw: (random: RandomSource) => number }>
> = {
  x0: { upperQuarter: 0.75, draw: (random) => random() },
  x1: { upperQuarter: 0.67449, draw: normal },
  x2: { upperQuarter: Math.log(4), draw: (random) => -Math.log(1 - random()) },
  x3: { upperQuarter: 0.67449, draw: normal },
};

/** What is planted, as the miner would name it: a field's value, or the upper quarter of a number. */
export interface Planted {
  readonly path: string;
  /** Absent: the upper quarter. */
  readonly value?: string;
}

/** How the effect goes on in the second half of the log. */
export type Course = 'stays' | 'stops' | 'reverses';

export interface LogOptions {
  readonly decisions: number;
  readonly seed: number;
  /** Success rate where nothing is planted. */
  readonly base: number;
  /** Conditions of the planted rule; 0: there is none. */
  readonly conditions: number;
  /** Added to the success rate where the rule holds; a rate ends at 1. */
  readonly effect: number;
  /** @default stays */
  readonly course?: Course;
  /** Share of decisions in which the bystander field repeats the rule's first field; in the others it is random. */
  readonly copied?: number;
}

/** The field that repeats the rule's first one in a log with `copied`. */
export const BYSTANDER = 'c7';

export interface Log {
  readonly cases: readonly ResolvedCase[];
  readonly planted: readonly Planted[];
  readonly bystander: boolean;
}

/** Every second seed plants a rule with a numeric condition in it. */
export function plantedRule(conditions: number, seed: number): readonly Planted[] {
  if (conditions === 0) return [];
  const categorical = [
    { path: 'c0', value: 'a' },
    { path: 'c1', value: 'b' },
    { path: 'c2', value: 'c' },
  ];
  return seed % 2 === 0
    ? categorical.slice(0, conditions)
    : [...categorical.slice(0, conditions - 1), { path: 'x0' }];
}

/**
 * A log of decisions over twelve context fields – eight of three values, four numeric – beside the hour and weekday
 * every decision has, with at most one rule planted.
 */
export function generateLog(options: LogOptions): Log {
  const { decisions, seed, base, conditions, effect, course = 'stays', copied = 0 } = options;
  const random = randomSource(
    Math.imul(seed, 7919) ^ hashOf([decisions, base, conditions, effect, course, copied]),
  );
  const planted = plantedRule(conditions, seed);
  const first = planted[0];
  const cases = Array.from({ length: decisions }, (_, index): ResolvedCase => {
    const context: Record<string, string | number> = {};
    for (let field = 0; field < CATEGORICAL_FIELDS; field++)
      context[`c${field}`] = CATEGORIES[Math.floor(random() * CATEGORIES.length)]!;
    for (const [name, { draw }] of Object.entries(numericFields)) context[name] = draw(random);
    if (random() < copied && first) context[BYSTANDER] = copyOf(context[first.path]!);
    const holds = planted.length > 0 && planted.every((condition) => plantedHolds(condition, context));
    const late = index >= decisions / 2;
    const factor = !holds || (late && course === 'stops') ? 0 : late && course === 'reverses' ? -1 : 1;
    const time = LOG_START + Math.floor(((index + random()) / decisions) * LOG_DAYS * DAY_MS);
    const decisionId = `D-${String(index).padStart(7, '0')}`;
    const timestamp = new Date(time).toISOString();
    const facts = { decisionId, timestamp, context, signalTypes: new Set<string>() };
    return {
      decisionId,
      time,
      success: random() < Math.max(0, Math.min(1, base + factor * effect)),
      features: extractFeatures(facts, defaultMiningSettings),
    };
  });
  return { cases, planted, bystander: copied > 0 };
}

/** Cells with the same seed share no chance. */
const hashOf = (parts: readonly (number | string)[]): number =>
  [...parts.join()].reduce((hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 16777619), 2166136261);

/** A number's bystander says whether it is in the upper quarter. */
const copyOf = (value: string | number): string =>
  typeof value === 'string' ? value : value >= numericFields['x0']!.upperQuarter ? 'a' : 'b';

const plantedHolds = (
  { path, value }: Planted,
  context: Readonly<Record<string, string | number>>,
): boolean =>
  value === undefined ? Number(context[path]) >= numericFields[path]!.upperQuarter : context[path] === value;

const isPlanted = (condition: Condition, { path, value }: Planted): boolean =>
  condition.path === path &&
  (value === undefined
    ? condition.op === 'in_range' && condition.bin === 3
    : condition.op === 'eq' && condition.value === value);

/**
 * What a finding is beside the truth: the rule with exactly its conditions, the rule seen from its other side (the
 * opposite assertion, on nothing but the rule's own fields), or false. A generalization, a specialization and a
 * bystander are false.
 */
export function judgeFinding(
  { asserts, conditions }: { readonly asserts: Asserts; readonly conditions: readonly Condition[] },
  planted: readonly Planted[],
  asserted: Asserts = 'success',
): 'exact' | 'mirror' | 'bystander' | 'false' {
  const exact =
    conditions.length === planted.length &&
    planted.every((rule) => conditions.some((condition) => isPlanted(condition, rule)));
  if (exact && asserts === asserted) return 'exact';
  const fields = new Set(planted.map(({ path }) => path));
  if (asserts !== asserted && !exact && conditions.every(({ path }) => fields.has(path))) return 'mirror';
  return conditions.some(({ path }) => path === BYSTANDER) ? 'bystander' : 'false';
}
