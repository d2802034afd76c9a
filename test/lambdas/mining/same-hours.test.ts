import { describe, expect, it } from '@jest/globals';
import { PRESENT } from '../../../lambdas/mining/cases/features.ts';
import type { Features, Finding, ResolvedCase } from '../../../lambdas/mining/types.ts';
import { DAY, featuresOf, minerOf, seeded, START } from './case-generator.ts';

const HOUR = 3_600_000;
const BUCKETS = ['00-06', '06-12', '12-18', '18-24'] as const;

interface World {
  readonly decisions: number;
  /** What a decision at this hour, and this far into the window (0 to 1), is made of. */
  readonly rateOf: (at: { hour: number; part: number; signal: boolean }) => number;
  readonly signalOf: (at: { hour: number; part: number }) => number;
}

/** Decisions at random times of 90 days; whether a signal was seen, the hour, and two fields that mean nothing. */
function simulate({ decisions, rateOf, signalOf }: World, seed: number): ResolvedCase[] {
  const random = seeded(seed);
  return Array.from({ length: decisions }, (_, i) => {
    const part = i / decisions;
    const hour = Math.floor(random() * 24);
    const time = START + Math.floor(part * 90) * DAY + hour * HOUR + Math.floor(random() * HOUR);
    const signal = random() < signalOf({ hour, part });
    const features = new Map([
      ...featuresOf({
        'time.hourBucket': BUCKETS[Math.floor(hour / 6)]!,
        asset: 'abc'[Math.floor(random() * 3)]!,
        venue: 'xy'[Math.floor(random() * 2)]!,
      }),
      ...(signal ? ([['signal.WHALE_ACTIVITY', PRESENT]] as const) : []),
    ]) as Features;
    return {
      decisionId: `T-${String(i).padStart(6, '0')}`,
      time,
      success: random() < rateOf({ hour, part, signal }),
      features,
    };
  });
}

const findingsOf = (world: World, seed: number): readonly Finding[] =>
  minerOf(simulate(world, seed)).mine().findings;
const promoted = (findings: readonly Finding[]) => findings.filter(({ verdict }) => verdict === 'promote');
const ofSignals = (findings: readonly Finding[]) =>
  findings.filter(({ conditions }) => conditions.some(({ path }) => path.startsWith('signal.')));
const seeds = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

const isGood = (hour: number): boolean => hour === 8 || hour === 9;
const atGoodHours: World = {
  decisions: 1000,
  rateOf: ({ hour }) => (isGood(hour) ? 0.85 : 0.4),
  signalOf: ({ hour }) => (isGood(hour) ? 0.8 : 0.05),
};

describe('a signal', () => {
  it('that causes success is learned, with the comparison at the same hours and on the same days', () => {
    const world: World = {
      decisions: 1000,
      rateOf: ({ signal }) => (signal ? 0.65 : 0.4),
      signalOf: ({ hour }) => (hour > 12 ? 0.4 : 0.2),
    };
    const found = seeds(20).filter((seed) => {
      const patterns = promoted(findingsOf(world, seed));
      return patterns.some(
        ({ asserts, conditions }) =>
          asserts === 'success' && conditions.length === 1 && conditions[0]!.path === 'signal.WHALE_ACTIVITY',
      );
    });
    expect(found.length).toBeGreaterThanOrEqual(19);
    const [finding] = ofSignals(promoted(findingsOf(world, found[0]!)));
    const { comparisons } = finding!.explain;
    expect(comparisons.map(({ against }) => against)).toEqual(['others', 'same_hours', 'same_days']);
    expect(finding!.numbers.pValue).toBe(Math.max(...comparisons.map(({ pValue }) => pValue)));
    const [[asserted, rest]] = comparisons[0]!.table;
    expect(comparisons[1]!.table[0]).toEqual([asserted, rest]); // every hour has both
  });

  it('that merely occurs at good hours is never learned, and its rejection says so', () => {
    const wrong = seeds(60).filter((seed) => ofSignals(promoted(findingsOf(atGoodHours, seed))).length > 0);
    expect(wrong).toEqual([]);
    const result = minerOf(simulate(atGoodHours, 1)).mine();
    expect(result.rejected.explained_by_hour).toBeGreaterThan(0);
    const reasons = ofSignals(result.findings).map(({ reason }) => reason);
    expect(reasons).toContain('explained_by_hour');
    // 8:00 to 10:00 is a third of its bucket, and the signal comes mostly then: telling them apart takes more decisions.
    const hours = seeds(10).filter((seed) =>
      promoted(findingsOf({ ...atGoodHours, decisions: 4000 }, seed)).some(
        ({ conditions }) => conditions[0]!.path === 'time.hourBucket',
      ),
    );
    expect(hours.length).toBeGreaterThanOrEqual(8);
  });

  it('that causes success at certain hours only is told from those hours', () => {
    const world: World = {
      decisions: 1000,
      rateOf: ({ signal }) => (signal ? 0.75 : 0.4),
      signalOf: ({ hour }) => (isGood(hour) || hour === 15 || hour === 16 ? 0.6 : 0.02),
    };
    const found = seeds(20).filter((seed) =>
      ofSignals(promoted(findingsOf(world, seed))).some(({ conditions }) => conditions.length === 1),
    );
    expect(found.length).toBeGreaterThanOrEqual(18);
  });

  it('that becomes common while everything gets better is not learned', () => {
    const world: World = {
      decisions: 1000,
      rateOf: ({ part }) => 0.2 + 0.6 * part,
      signalOf: ({ part }) => 0.1 + 0.6 * part,
    };
    const wrong = seeds(60).filter((seed) => ofSignals(promoted(findingsOf(world, seed))).length > 0);
    expect(wrong).toEqual([]);
  });

  it('that is always there at its hours cannot be told from them', () => {
    const world: World = {
      ...atGoodHours,
      rateOf: ({ hour }) => (isGood(hour) ? 0.9 : 0.3),
      signalOf: ({ hour }) => Number(isGood(hour)),
    };
    for (const seed of seeds(10)) expect(ofSignals(promoted(findingsOf(world, seed)))).toEqual([]);
  });

  it('stated by a user is held to the same comparison', () => {
    const miner = minerOf(simulate(atGoodHours, 3));
    const [finding] = miner.test([
      { asserts: 'success', conditions: [{ path: 'signal.WHALE_ACTIVITY', op: 'present' }] },
    ]);
    expect(finding).toMatchObject({ verdict: 'reject', reason: 'explained_by_hour' });
    expect(finding!.numbers.pValue).toBeGreaterThan(0.05);
  });
});

describe('an hour of the day', () => {
  it('is learned as the quarter it lies in', () => {
    const world: World = {
      ...atGoodHours,
      rateOf: ({ hour }) => (hour >= 18 ? 0.75 : 0.4),
      signalOf: () => 0.2,
    };
    const [pattern, ...others] = promoted(findingsOf(world, 5)).filter(
      ({ asserts }) => asserts === 'success',
    );
    expect(others).toEqual([]);
    expect(pattern!.conditions).toEqual([{ path: 'time.hourBucket', op: 'eq', value: '18-24' }]);
    expect(pattern!.description).toMatch(/decisions with time\.hourBucket = "18-24", \d+ succeeded/);
  });
});
