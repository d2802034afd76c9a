import { describe, expect, it } from '@jest/globals';
import { AgentPast, WaitingCases } from '../../../lambdas/cases/agent-past.ts';
import { createMiner } from '../../../lambdas/mining/mine.ts';
import type { Finding } from '../../../lambdas/mining/types.ts';
import { UNNAMED_SEQUENCE_WINDOW_MS } from '../../../lambdas/mining/cases/windowed-path.ts';
import type { Decision } from '../../../lambdas/decisions/decision.ts';
import { typedId } from '../../../lambdas/shared/platform/ids.ts';
import { DAY, featuresOf, hash, seeded, START } from '../mining/case-generator.ts';

const HOUR = 3_600_000;
const TYPE = 'TRADE_EXECUTION';

interface World {
  readonly decisions: number;
  /** @default 1 h: how long an outcome takes */
  readonly latency?: number;
  /** @param last how the last decision with a known outcome ended */
  readonly rateOf: (at: {
    readonly part: number;
    readonly day: number;
    readonly hour: number;
    readonly last: boolean | undefined;
  }) => number;
}

/** One agent's decisions at random times of 90 days, mined with what each came after. */
function mine({ decisions, latency = HOUR, rateOf }: World, seed: number): readonly Finding[] {
  const random = seeded(seed);
  const days = Array.from({ length: 90 }, () => random());
  const times = Array.from({ length: decisions }, () => START + Math.floor(random() * 90 * DAY)).sort(
    (a, b) => a - b,
  );
  const past = new AgentPast('trader');
  const waiting = new WaitingCases();
  const miner = createMiner({ agentId: 'trader', decisionType: TYPE, hash });
  const made: { time: number; success: boolean; decision: Decision; features: Map<string, unknown> }[] = [];
  for (const [i, time] of times.entries()) {
    const known = made.findLast((one) => one.time + latency <= time && one.time >= time - DAY);
    const part = (time - START) / (90 * DAY);
    const day = days[Math.floor(part * 90)]!;
    const hour = new Date(time).getUTCHours();
    const success = random() < rateOf({ part, day, hour, last: known?.success });
    const bits = Buffer.alloc(10);
    bits.writeUInt32BE(i, 6);
    const timestamp = new Date(time).toISOString();
    const status = success ? ('success' as const) : ('failure' as const);
    const decision: Decision = {
      agentId: 'trader',
      decisionId: typedId(TYPE, new Date(time), bits),
      decisionType: TYPE,
      timestamp,
      context: {},
      status,
      outcome: { status, occurredAt: new Date(time + latency).toISOString() },
      outcomeRevision: 1,
      depth: 1,
      loggedAt: timestamp,
    };
    const features = featuresOf({
      asset: 'abc'[Math.floor(random() * 3)]!,
      'time.hourBucket': ['00-06', '06-12', '12-18', '18-24'][Math.floor(hour / 6)]!,
    });
    made.push({ time, success, decision, features: features as Map<string, unknown> });
  }
  const timeline = past.timeline('trader', TYPE, UNNAMED_SEQUENCE_WINDOW_MS);
  for (const { decision, time, success, features } of made.toReversed()) {
    timeline.add(decision);
    waiting.add(decision);
    miner.add({ decisionId: decision.decisionId, time, success, features: features as never });
  }
  waiting.extend(miner, past);
  return miner.mine().findings;
}

const sequencesOf = (findings: readonly Finding[]) =>
  findings.filter(
    ({ verdict, conditions }) =>
      verdict === 'promote' && conditions.some(({ path }) => path.startsWith('after.')),
  );
const seeds = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
const promotedIn = (world: World, count: number): number[] =>
  seeds(count).filter((seed) => sequencesOf(mine(world, seed)).length > 0);

describe('a sequence of an agent with itself', () => {
  it('that is real is learned, in the right direction', () => {
    const world: World = {
      decisions: 1000,
      rateOf: ({ last }) => (last === undefined ? 0.5 : last ? 0.65 : 0.4),
    };
    const found = seeds(20).filter((seed) =>
      sequencesOf(mine(world, seed)).some(
        ({ asserts, conditions }) =>
          conditions.length === 1 && conditions[0]!.path === `after.${TYPE}.${asserts}`,
      ),
    );
    expect(found.length).toBeGreaterThanOrEqual(19);
    const wrong = seeds(20).flatMap((seed) =>
      sequencesOf(mine(world, seed)).filter(
        ({ asserts, conditions }) =>
          asserts !== conditions.find(({ path }) => path.startsWith('after.'))!.path.split('.')[2],
      ),
    );
    expect(wrong).toEqual([]);
  });

  const drifts: readonly (readonly [string, World])[] = [
    ['a rate that rises all the while', { decisions: 1000, rateOf: ({ part }) => 0.1 + 0.8 * part }],
    ['a rate that jumps half-way', { decisions: 1000, rateOf: ({ part }) => (part < 0.5 ? 0.25 : 0.75) }],
    [
      'a wave of three weeks',
      { decisions: 1000, rateOf: ({ part }) => 0.5 + 0.3 * Math.sin((part * 90 * 2 * Math.PI) / 21) },
    ],
    ['good and bad days', { decisions: 1500, rateOf: ({ day }) => 0.3 + 0.4 * day }],
    ['good and bad hours', { decisions: 1000, rateOf: ({ hour }) => (hour >= 8 && hour < 14 ? 0.75 : 0.35) }],
    ['no effect at all', { decisions: 1000, rateOf: () => 0.5 }],
    ['no effect, few decisions', { decisions: 150, rateOf: () => 0.4 }],
  ];
  // Fewer than the 5 % of the error level.
  it.each(drifts)('is seen in no more than one of 30 logs with %s', (_, world) => {
    expect(promotedIn(world, 30).length).toBeLessThanOrEqual(1);
  });
});
