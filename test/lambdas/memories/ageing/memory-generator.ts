import fc from 'fast-check';
import type { Accesses, Ageable } from '../../../../lambdas/memories/ageing/ageable.ts';
import {
  type AgeingSettings,
  defaultAgeingSettings,
  formNames,
  tierNames,
} from '../../../../lambdas/memories/ageing/settings.ts';
import { DAY_MS, HOUR_MS } from '../../../../lambdas/shared/platform/clock.ts';

export const NOW = new Date('2026-03-01T02:00:00.000Z');
export const ago = (milliseconds: number): string => new Date(NOW.getTime() - milliseconds).toISOString();

export const settings: AgeingSettings = {
  ...defaultAgeingSettings,
  categories: {
    trades: { retentionDays: 30, importance: 0.9 },
    market_observations: { retentionDays: 7, importance: 0.6 },
    failures: { retentionDays: 60, importance: 0.8 },
    strategies: { retentionDays: 365, importance: 1 },
    user_preferences: { retentionDays: null, importance: 1 },
  },
};

/** A memory that was just written, but for what is said of it. */
export function memoryOf(fields: Partial<Ageable> & Pick<Ageable, 'memoryId'>): Ageable {
  const text = fields.text ?? `what ${fields.memoryId} says`;
  const createdAt = fields.createdAt ?? ago(HOUR_MS);
  return {
    memoryType: 'TRADE',
    category: 'trades',
    content: text,
    text,
    importance: 0.9,
    pinned: false,
    updatedAt: createdAt,
    lastSeenAt: createdAt,
    timesSeen: 1,
    version: 1,
    tier: 'hot',
    form: 'full',
    ...fields,
    createdAt,
  };
}

/** Few words, so that many memories say nearly the same. */
const text = fc
  .array(
    fc.constantFrom('btc', 'breakout', 'above', 'resistance', 'volume', 'not', 'strong', '42000', 'short'),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .map((words) => words.join(' '));

const memory = fc
  .record({
    text,
    category: fc.constantFrom(...Object.keys(settings.categories), 'gone_from_the_configuration'),
    memoryType: fc.constantFrom('TRADE', 'OBSERVATION', 'PREFERENCE'),
    pinned: fc.boolean().map((pinned) => pinned),
    hours: fc.integer({ min: -3, max: 24 * 70 }),
    seenHours: fc.integer({ min: 0, max: 24 * 70 }),
    status: fc.constantFrom(undefined, 'success' as const, 'failure' as const),
    gain: fc.constantFrom(undefined, -0.5, 0.2, 3),
    tier: fc.constantFrom(...tierNames),
    form: fc.constantFrom(...formNames),
    object: fc.boolean(),
    timesSeen: fc.integer({ min: 1, max: 3 }),
    vector: fc.option(fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 4, maxLength: 4 }), { freq: 3 }),
  })
  .map(({ hours, seenHours, status, gain, object, vector, ...rest }): Omit<Ageable, 'memoryId'> => ({
    ...memoryOf({ memoryId: '', ...rest, createdAt: ago(hours * HOUR_MS) }),
    lastSeenAt: ago(Math.min(hours, seenHours) * HOUR_MS),
    ...((status || gain !== undefined) && { outcome: { status, gain } }),
    ...(object && {
      content: { words: rest.text.split(' '), deep: { deeper: { deepest: rest.text } }, note: null },
    }),
    ...(vector && { vector: Float32Array.from(vector) }),
  }));

export const memories = fc
  .array(memory, { maxLength: 25 })
  .map((list) => list.map((fields, i): Ageable => ({ ...fields, memoryId: `${fields.memoryType}-${i}` })));

export const accesses = fc
  .array(
    fc.tuple(
      fc.integer({ min: 0, max: 24 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0, max: 20 }),
    ),
  )
  .map((entries) => {
    const counts = new Map<string, Accesses>();
    for (const [place, count, days] of entries)
      for (const type of ['TRADE', 'OBSERVATION', 'PREFERENCE'])
        counts.set(`${type}-${place}`, { count, lastAt: ago(days * DAY_MS) });
    return counts;
  });

/** Caps that are reached. */
export const tightSettings = fc
  .record({
    hot: fc.integer({ min: 0, max: 4 }),
    warm: fc.integer({ min: 0, max: 4 }),
    cold: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ hot, warm, cold }): AgeingSettings => ({
    ...settings,
    tiers: {
      hot: { ...settings.tiers.hot, cap: hot },
      warm: { ...settings.tiers.warm, cap: warm },
      cold: { ...settings.tiers.cold, cap: cold },
    },
  }));
