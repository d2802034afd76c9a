import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  demotionsOf,
  effectsByPattern,
  MemoryUses,
  overallEffect,
  type Usable,
} from '../../../lambdas/mining/judging/memory-effect.ts';
import type { Features } from '../../../lambdas/mining/types.ts';
import { demotionsIn } from '../../support/advice.ts';
import { DAY, featuresOf, minerOf, START } from './case-generator.ts';

const trendUp = { path: 'trend', op: 'eq', value: 'up' } as const;
const buying = { path: 'action', op: 'eq', value: 'buy' } as const;
const pattern = { patternId: 'P', conditions: [trendUp] };
const up = featuresOf({ trend: 'up' });
const down = featuresOf({ trend: 'down' });
const applied = { applied: ['P'] };

interface Sketch {
  readonly time: number;
  readonly success: boolean;
  readonly features: Features;
}

/** Decisions as they come, and what using the patterns did. */
class Log {
  readonly #miner = minerOf([]);
  readonly #uses = new MemoryUses();
  readonly #patterns: readonly Usable[];
  #count = 0;

  constructor(patterns: readonly Usable[]) {
    this.#patterns = patterns;
  }

  add(sketch: Sketch, cited: { readonly applied?: string[]; readonly shown?: string[] } = {}): void {
    const decisionId = `decision-${this.#count++}`;
    this.#miner.add({ decisionId, ...sketch });
    this.#uses.add(decisionId, cited.applied, cited.shown);
  }

  byPattern = () => effectsByPattern(this.#miner, this.#uses, this.#patterns);
  overall = () => overallEffect([{ cases: this.#miner, uses: this.#uses, patterns: this.#patterns }]);
}

describe('what using a pattern did', () => {
  it('compares decisions in its situation only, from the day of its first use on', () => {
    const effects = new Log([pattern]);
    const add = (n: number, day: number, success: boolean, cited = {}, features = up) => {
      for (let i = 0; i < n; i++) effects.add({ time: START + day * DAY, success, features }, cited);
    };
    add(50, 0, false); // before anybody knew of it
    add(50, 2, false, {}, down); // another situation
    add(18, 1, true, applied);
    add(2, 2, false, applied);
    add(9, 2, true);
    add(11, 3, false);
    const { applied: effect, shown } = effects.byPattern().get('P')!;
    expect(effect).toMatchObject({
      since: new Date(START + DAY).toISOString(),
      with: { n: 20, successes: 18, rate: 0.9 },
      without: { n: 20, successes: 9, rate: 0.45 },
      compared: { with: 20, without: 20 },
    });
    expect(effect!.difference).toBeCloseTo(0.45, 12);
    expect(effect!.interval![0]).toBeGreaterThan(0.1);
    expect(effect!.pBetter).toBeLessThan(0.05);
    expect(effect!.pWorse).toBe(1);
    expect(shown).toBeNull();
  });

  it('does not take for an effect what the weeks did', () => {
    // Good weeks in which it was used a lot, bad ones in which it was not; inside each week it does nothing.
    const effects = new Log([pattern]);
    for (const [week, rate, share] of [
      [0, 0.8, 0.9],
      [1, 0.2, 0.1],
    ] as const)
      for (let i = 0; i < 1000; i++) {
        const success = i % 10 < rate * 10;
        const used = Math.floor(i / 10) % 10 < share * 10;
        effects.add({ time: START + week * 7 * DAY, success, features: up }, used ? applied : {});
      }
    const effect = effects.byPattern().get('P')!.applied!;
    expect(effect.with.rate! - effect.without.rate!).toBeGreaterThan(0.4);
    expect(effect.difference).toBeCloseTo(0, 12);
    expect(demotionsOf(effects.byPattern())).toEqual(new Map());
  });

  it('compares a warning with those who did not heed it: what the agent chose is no situation', () => {
    const warning = { patternId: 'P', conditions: [trendUp, buying] };
    const effects = new Log([warning]);
    const add = (action: string, success: boolean, cited = {}) =>
      effects.add({ time: START, success, features: featuresOf({ trend: 'up', action }) }, cited);
    for (let i = 0; i < 30; i++) add('hold', i % 3 !== 0, applied);
    for (let i = 0; i < 30; i++) add('buy', i % 3 === 0);
    expect(effects.byPattern().get('P')!.applied).toMatchObject({
      with: { n: 30, successes: 20 },
      without: { n: 30, successes: 10 },
    });
  });

  it('counts being shown by itself, and leaves out what nobody used', () => {
    const effects = new Log([pattern, { patternId: 'Q', conditions: [] }]);
    effects.add({ time: START, success: true, features: up }, { shown: ['P'] });
    effects.add({ time: START, success: false, features: up }, {});
    effects.add({ time: START, success: false, features: down }, {});
    expect([...effects.byPattern().keys()]).toEqual(['P']);
    expect(effects.byPattern().get('P')).toMatchObject({
      applied: null,
      shown: { with: { n: 1 }, without: { n: 1 }, difference: 1 },
    });
    // all together: only decisions in the same combination of situations are compared
    expect(effects.overall()).toMatchObject({
      applied: null,
      shown: { with: { n: 1 }, without: { n: 2 }, compared: { with: 1, without: 1 }, difference: 1 },
    });
  });

  it('is null where one side is missing, and the same whatever the order', () => {
    const alone = new Log([pattern]);
    alone.add({ time: START, success: true, features: up }, applied);
    expect(alone.byPattern().get('P')!.applied).toMatchObject({
      without: { n: 0, successes: 0, rate: null, interval: null },
      difference: null,
      interval: null,
      pWorse: 1,
    });
    const row = fc.record({ day: fc.nat(20), success: fc.boolean(), used: fc.boolean(), up: fc.boolean() });
    const effectOf = (rows: readonly { day: number; success: boolean; used: boolean; up: boolean }[]) => {
      const effects = new Log([pattern, { patternId: 'Q', conditions: [] }]);
      for (const { day, success, used, up: isUp } of rows)
        effects.add(
          { time: START + day * DAY, success, features: isUp ? up : down },
          used ? { applied: ['P'], shown: ['Q'] } : {},
        );
      return [effects.byPattern(), effects.overall()];
    };
    fc.assert(
      fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
        expect(effectOf([...rows].reverse())).toEqual(effectOf(rows));
      }),
    );
  });
});

describe('the demotion of what made things worse, asked every night', () => {
  // More seeds, other habits: npm run bench -- demotion
  it('finds harmful advice (−25 points) in every run, half of them within 12 nights', () => {
    const found = demotionsIn(60, { effect: -0.25, followed: 0.5 });
    expect(found).toHaveLength(60);
    expect(found[30]).toBeLessThanOrEqual(12);
  });

  it('keeps helpful advice (+25 points) in every run', () => {
    expect(demotionsIn(60, { effect: 0.25, followed: 0.5 })).toEqual([]);
  });

  it.each([0.5, 'bad weeks'] as const)('keeps harmless advice in every run, followed: %s', (followed) => {
    expect(demotionsIn(60, { effect: 0, followed })).toEqual([]);
  });
});
