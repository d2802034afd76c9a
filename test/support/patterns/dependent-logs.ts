import { extractFeatures } from '../../../lambdas/mining/cases/features.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import type { ResolvedCase } from '../../../lambdas/mining/types.ts';
import type { ToolCall } from '../../../scripts/shared/published-logs.ts';
import { normal, type RandomSource, randomSource } from '../../../scripts/shared/random.ts';
import { LOG_DAYS, LOG_START } from './logs.ts';

/** Logs whose decisions share outcomes, or whose fields and outcomes both last. */

const DAY_MS = 24 * 60 * 60 * 1000;
const HOUR_MS = DAY_MS / 24;

export interface Drawn {
  readonly time: number;
  readonly context: Readonly<Record<string, string | number>>;
  readonly action?: string;
  readonly success: boolean;
}

export const caseOf = ({ time, context, action, success }: Drawn, index: number): ResolvedCase => {
  const decisionId = `D-${String(index).padStart(7, '0')}`;
  const timestamp = new Date(time).toISOString();
  const facts = { decisionId, timestamp, context, signalTypes: new Set<string>(), ...(action && { action }) };
  return {
    decisionId,
    time,
    success,
    features: extractFeatures(facts, defaultMiningSettings),
    ...(action && { action }),
  };
};

const oneOf = <Value>(random: RandomSource, values: readonly Value[]): Value =>
  values[Math.floor(random() * values.length)]!;

const LETTERS = ['a', 'b', 'c'] as const;

/** Eight fields of three values and four numbers. */
function drawContext(random: RandomSource): Record<string, string | number> {
  const context: Record<string, string | number> = {};
  for (let field = 0; field < 8; field++) context[`c${field}`] = oneOf(random, LETTERS);
  for (let field = 0; field < 4; field++) context[`x${field}`] = normal(random);
  return context;
}

const evenly = (index: number, of: number): number =>
  LOG_START + Math.floor((index / of) * LOG_DAYS * DAY_MS);

export interface EpisodeOptions {
  readonly seed: number;
  readonly episodes: number;
  readonly steps: number;
  /** Success rate where c0 is a, and elsewhere. @default .5 for both */
  readonly rates?: readonly [number, number];
  /** Fields that differ between the steps of an episode, instead of lasting for it. @default false */
  readonly fieldsByStep?: boolean;
}

/** Steps of an episode a minute apart, all with the outcome of the episode. */
export function episodeLog({
  seed,
  episodes,
  steps,
  rates = [0.5, 0.5],
  fieldsByStep = false,
}: EpisodeOptions) {
  const random = randomSource(Math.imul(seed, 7919) ^ 0x51ed270b);
  const drawn: Drawn[] = [];
  for (let episode = 0; episode < episodes; episode++) {
    const context = drawContext(random);
    const success = random() < rates[context['c0'] === 'a' ? 0 : 1];
    const start = evenly(episode, episodes) + Math.floor(random() * HOUR_MS);
    for (let step = 0; step < steps; step++)
      drawn.push({
        time: start + step * 60_000,
        context: fieldsByStep ? { ...drawContext(random), c0: context['c0']! } : context,
        success,
      });
  }
  return drawn.map(caseOf);
}

export interface PersistentOptions {
  readonly seed: number;
  readonly decisions: number;
  /** Chance that a field keeps its value from one decision to the next. */
  readonly stays: number;
  /** First-order autocorrelation of the latent success rate. */
  readonly ar: number;
  /** Deviation of the latent rate on the normal scale; 1: as much as the noise of a single outcome. */
  readonly strength: number;
  /** Added to the success rate where c0 is a. @default 0 */
  readonly effect?: number;
}

/** Fields that last, and outcomes in streaks that have nothing to do with them. */
export function persistentLog({ seed, decisions, stays, ar, strength, effect = 0 }: PersistentOptions) {
  const random = randomSource(Math.imul(seed, 7919) ^ 0x2545f491);
  let context = drawContext(random);
  let latent = normal(random);
  const drawn: Drawn[] = [];
  for (let index = 0; index < decisions; index++) {
    const fresh = drawContext(random);
    context = Object.fromEntries(
      Object.entries(context).map(([field, value]) => [field, random() < stays ? value : fresh[field]!]),
    );
    latent = ar * latent + Math.sqrt(1 - ar * ar) * normal(random);
    const noise = normal(random);
    // A share of the decisions where the rule holds succeeds in spite of the streak.
    const lucky = effect > 0 && context['c0'] === 'a' && random() < 2 * effect;
    drawn.push({
      time: evenly(index, decisions),
      context,
      success: lucky || strength * latent + noise > 0,
    });
  }
  return drawn.map(caseOf);
}

/** Every decision logged several times over, a millisecond apart. */
export function copiedLog(seed: number, decisions: number, copies: number, apartMs = 1) {
  const random = randomSource(Math.imul(seed, 7919) ^ 0x9e3779b1);
  const drawn: Drawn[] = [];
  for (let index = 0; index < decisions; index++) {
    const context = drawContext(random);
    const success = random() < 0.5;
    for (let copy = 0; copy < copies; copy++)
      drawn.push({ time: evenly(index, decisions) + copy * apartMs, context, success });
  }
  return drawn.map(caseOf);
}

/** A version that changes once, while the success rate rises all along. */
export function releaseLog(seed: number, decisions: number) {
  const random = randomSource(Math.imul(seed, 7919) ^ 0x7f4a7c15);
  const at = 0.25 + 0.5 * random();
  return Array.from({ length: decisions }, (_, index): Drawn => {
    const share = index / decisions;
    return {
      time: evenly(index, decisions),
      context: { ...drawContext(random), version: share < at ? '1.4' : '1.5' },
      success: random() < 0.3 + 0.4 * share,
    };
  }).map(caseOf);
}

/** @param closes hourly @param direction of the trades: always long, or drawn */
export function hourlyTradesLog(
  closes: readonly number[],
  seed: number,
  decisions: number,
  direction: 'long' | 'random',
) {
  const random = randomSource(Math.imul(seed, 7919) ^ 0x1b873593);
  const HORIZON = 24;
  const WARM = 200;
  const start = (): number => WARM + Math.floor(random() * (closes.length - decisions - HORIZON - WARM));
  const outcomesAt = start();
  // The contexts are of another time, so nothing in them can tell the outcome.
  let contextsAt = start();
  while (Math.abs(contextsAt - outcomesAt) < decisions + HORIZON) contextsAt = start();
  const change = (at: number, hours: number): number => closes[at]! / closes[at - hours]! - 1;
  return Array.from({ length: decisions }, (_, index): Drawn => {
    const at = contextsAt + index;
    const moves = Array.from({ length: 24 }, (_m, hour) => change(at - hour, 1));
    const mean = moves.reduce((sum, move) => sum + move, 0) / 24;
    const volatility = Math.sqrt(moves.reduce((sum, move) => sum + (move - mean) ** 2, 0) / 24);
    const action = direction === 'long' || random() < 0.5 ? 'BUY' : 'SELL';
    const won = closes[outcomesAt + index + HORIZON]! > closes[outcomesAt + index]!;
    return {
      time: LOG_START + index * HOUR_MS,
      action,
      context: {
        change1: change(at, 1),
        change6: change(at, 6),
        change24: change(at, 24),
        change168: change(at, 168),
        volatility,
        trend: change(at, 24) > 0.02 ? 'up' : change(at, 24) < -0.02 ? 'down' : 'flat',
      },
      success: action === 'BUY' ? won : !won,
    };
  }).map(caseOf);
}

/** Calls of tools in episodes, with the episodes' rewards dealt out anew: nothing can tell them. */
export function permutedRewardsLog(calls: readonly ToolCall[], seed: number) {
  const random = randomSource(Math.imul(seed, 7919) ^ 0x3c6ef372);
  const episodes = [...new Set(calls.map(({ episode }) => episode))];
  const rewards = episodes.map((name) => calls.find(({ episode }) => episode === name)!.episode_reward);
  for (let i = rewards.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [rewards[i], rewards[other]] = [rewards[other]!, rewards[i]!];
  }
  return calls
    .map((call): Drawn => {
      const episode = episodes.indexOf(call.episode);
      return {
        time: LOG_START + episode * 12 * HOUR_MS + call.step * 30_000,
        action: call.action,
        context: { ...scalarsOf(call.args), task: call.task_id, step: call.step, trial: call.trial },
        success: rewards[episode]! > 0.5,
      };
    })
    .map(caseOf);
}

const scalarsOf = (args: Readonly<Record<string, unknown>>): Record<string, string | number> =>
  Object.fromEntries(
    Object.entries(args).flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' ? [[name, value]] : [],
    ),
  );

/** A kind of log in which decisions share evidence. */
export interface DependentCell {
  readonly name: string;
  readonly logOf: (seed: number) => readonly ResolvedCase[];
  /** A rule of one condition is true in it: c0 = a succeeds more often. @default nothing is true */
  readonly planted?: true;
}

export const dependentCells: readonly DependentCell[] = [
  {
    name: '200 episodes of 5 steps, one outcome',
    logOf: (seed) => episodeLog({ seed, episodes: 200, steps: 5 }),
  },
  {
    name: '100 episodes of 10 steps, one outcome',
    logOf: (seed) => episodeLog({ seed, episodes: 100, steps: 10 }),
  },
  {
    name: '60 sessions of 8 steps, one outcome',
    logOf: (seed) => episodeLog({ seed, episodes: 60, steps: 8 }),
  },
  {
    name: 'fields that stay .97, outcomes AR .97',
    logOf: (seed) => persistentLog({ seed, decisions: 3000, stays: 0.97, ar: 0.97, strength: 1 }),
  },
  {
    name: 'the same, stronger streaks',
    logOf: (seed) => persistentLog({ seed, decisions: 3000, stays: 0.97, ar: 0.97, strength: 3 }),
  },
  { name: 'each decision twice', logOf: (seed) => copiedLog(seed, 500, 2) },
  { name: 'each decision three times', logOf: (seed) => copiedLog(seed, 500, 3) },
  { name: 'each decision five times', logOf: (seed) => copiedLog(seed, 500, 5) },
  { name: 'a release while all improves', logOf: (seed) => releaseLog(seed, 1000) },
  {
    name: '400 episodes of 5 steps, .85 against .35',
    logOf: (seed) => episodeLog({ seed, episodes: 400, steps: 5, rates: [0.85, 0.35] }),
    planted: true,
  },
  {
    name: '+25 on a field that stays .97, outcomes AR .97, weak',
    logOf: (seed) =>
      persistentLog({ seed, decisions: 3000, stays: 0.97, ar: 0.97, strength: 0.5, effect: 0.25 }),
    planted: true,
  },
  {
    name: '+25 on a field that stays .97, outcomes AR .97',
    logOf: (seed) =>
      persistentLog({ seed, decisions: 3000, stays: 0.97, ar: 0.97, strength: 1, effect: 0.25 }),
    planted: true,
  },
];

/** Logs made of published data. */
export const publishedCells = (
  closes: readonly number[],
  calls: readonly ToolCall[],
): readonly DependentCell[] => [
  {
    name: 'hourly BTC, outcome a day later, always long',
    logOf: (seed) => hourlyTradesLog(closes, seed, 2000, 'long'),
  },
  {
    name: 'hourly BTC, outcome a day later, random direction',
    logOf: (seed) => hourlyTradesLog(closes, seed, 2000, 'random'),
  },
  { name: 'airline calls, rewards permuted', logOf: (seed) => permutedRewardsLog(calls, seed) },
];
