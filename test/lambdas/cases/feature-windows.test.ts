import { describe, expect, it } from '@jest/globals';
import { featureWindows, miningSettings } from '../../../lambdas/cases/feature-windows.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import { stages } from '../../../lib/config.ts';

const HOUR = 3_600_000;
const windows = { signalHours: 4, signalHoursByType: {}, sequenceHours: 24 };

describe('the windows of features', () => {
  it.each(Object.values(stages).map((config) => [config.stage, config] as const))(
    'of stage %s are what its functions read',
    (_, config) => {
      const parsed = featureWindows.parse(JSON.stringify(config.featureWindows));
      expect(parsed).toEqual(config.featureWindows);
      expect(miningSettings(parsed)).toEqual(defaultMiningSettings);
    },
  );

  it('are hours in the configuration, whole minutes in the end', () => {
    const parsed = featureWindows.parse(
      JSON.stringify({ signalHours: 2.1, signalHoursByType: { NEWS: 0.5 }, sequenceHours: 1 / 3 }),
    );
    expect(miningSettings(parsed)).toMatchObject({
      signalWindowMs: 2.1 * HOUR,
      signalWindowsMs: { NEWS: HOUR / 2 },
      sequenceWindowMs: 20 * 60_000,
    });
  });

  it.each([
    [undefined, 'is missing'],
    ['{', 'is not JSON'],
    ['{}', 'signalHours'],
    [JSON.stringify({ ...windows, signalHours: 0 }), 'signalHours'],
    [JSON.stringify({ ...windows, signalHours: 0.01 }), 'whole number of minutes'],
    [JSON.stringify({ ...windows, sequenceHours: 10_000 }), 'sequenceHours'],
    [JSON.stringify({ ...windows, signalHoursByType: { news: 4 } }), 'must be a signal type'],
    [JSON.stringify({ ...windows, hours: 4 }), 'hours'],
  ])('%s stops a function at its start, and says why', (text, message) => {
    const { error } = featureWindows.safeParse(text);
    expect(JSON.stringify(error?.issues)).toContain(message);
  });
});
