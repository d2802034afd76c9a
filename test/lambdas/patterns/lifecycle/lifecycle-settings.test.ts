import { describe, expect, it } from '@jest/globals';
import {
  defaultLifecycleSettings,
  patternLifecycle,
} from '../../../../lambdas/patterns/lifecycle/lifecycle-settings.ts';
import { stages } from '../../../../lib/config.ts';
import { night, promoted } from './nights.ts';

describe('the settings of how patterns change', () => {
  it.each(Object.values(stages).map((config) => [config.stage, config] as const))(
    'of stage %s are what its functions read, and what the simulations chose',
    (_, config) => {
      expect(patternLifecycle.parse(JSON.stringify(config.patternLifecycle))).toEqual(
        defaultLifecycleSettings,
      );
    },
  );

  it.each([
    [undefined, 'is missing'],
    ['{', 'is not JSON'],
    ['{}', 'confidenceHalfLifeDays'],
    [JSON.stringify({ ...defaultLifecycleSettings, confidenceHalfLifeDays: 0 }), 'confidenceHalfLifeDays'],
    [JSON.stringify({ ...defaultLifecycleSettings, hypothesisOddsRatio: 1 }), 'hypothesisOddsRatio'],
    [JSON.stringify({ ...defaultLifecycleSettings, halfLife: 90 }), 'halfLife'],
  ])('%s stops a function at its start, and says why', (text, message) => {
    expect(JSON.stringify(patternLifecycle.safeParse(text).error?.issues)).toContain(message);
  });

  it('decide how fast the confidence of a dormant pattern decays: it halves in so many days', () => {
    const dormant = night(10, promoted, [], [{ n: 2 }]).patterns;
    expect(dormant[0]!.status).toBe('dormant');
    const after = (confidenceHalfLifeDays: number) =>
      night(25, dormant, [], [{ n: 0 }], {
        lifecycle: { ...defaultLifecycleSettings, confidenceHalfLifeDays },
      }).patterns[0]!.confidence;
    // Last seen on day 5; steps of 0.05 are written, so within one of half.
    expect(after(20)).toBeCloseTo(0.74 / 2, 1);
    expect(after(90)).toBeGreaterThan(0.6);
    expect(after(20)).toBeLessThan(after(90) - 0.2);
  });
});
