import fc from 'fast-check';
import type { Memory } from '../../../../lambdas/memories/memory.ts';
import { type AgeingSettings, defaultAgeingSettings } from '../../../../lambdas/memories/ageing/settings.ts';
import { memoryForms, memoryTiers } from '../../../../lambdas/memories/memory-stages.ts';
import { defaultMemoryCategories } from '../../../../lambdas/shared/schema/memory-categories.ts';
import { DAY_MS, HOUR_MS } from '../../../../lambdas/shared/platform/clock.ts';

export const NOW = new Date('2026-03-01T02:00:00.000Z');
export const ago = (milliseconds: number): string => new Date(NOW.getTime() - milliseconds).toISOString();

export const settings: AgeingSettings = { ...defaultAgeingSettings, categories: defaultMemoryCategories };

/** A memory that was just written, but for what is said of it. */
export function memoryOf(fields: Partial<Memory> & Pick<Memory, 'memoryId'>): Memory {
  const text = fields.text ?? `what ${fields.memoryId} says`;
  const createdAt = fields.createdAt ?? ago(HOUR_MS);
  return {
    agentId: 'hunter',
    memoryType: 'TRADE',
    category: 'trades',
    tags: [],
    accessCount: 0,
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
    category: fc.constantFrom(
      'trades',
      'market_observations',
      'failures',
      'strategies',
      'user_preferences',
      'unknown',
    ),
    memoryType: fc.constantFrom('TRADE' as const, 'OBSERVATION' as const, 'PREFERENCE' as const),
    pinned: fc.nat(5).map((n) => n === 0),
    accessCount: fc.nat(8),
    accessedDays: fc.option(fc.nat(20)),
    hours: fc.integer({ min: -3, max: 24 * 70 }),
    seenHours: fc.integer({ min: 0, max: 24 * 70 }),
    status: fc.constantFrom(undefined, 'success' as const, 'failure' as const),
    gain: fc.constantFrom(undefined, -0.5, 0.2, 3),
    tier: fc.constantFrom(...memoryTiers),
    form: fc.constantFrom(...memoryForms),
    object: fc.boolean(),
    timesSeen: fc.integer({ min: 1, max: 3 }),
    vector: fc.option(fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 4, maxLength: 4 }), { freq: 3 }),
  })
  .map(
    ({
      hours,
      seenHours,
      accessedDays,
      status,
      gain,
      object,
      vector,
      ...rest
    }): Omit<Memory, 'memoryId'> => ({
      ...memoryOf({ memoryId: '', ...rest, createdAt: ago(hours * HOUR_MS) }),
      lastSeenAt: ago(Math.min(hours, seenHours) * HOUR_MS),
      ...(accessedDays !== null && { lastAccessedAt: ago(accessedDays * DAY_MS) }),
      ...((status || gain !== undefined) && { outcome: { status, gain } }),
      ...(object && {
        content: { words: rest.text.split(' '), deep: { deeper: { deepest: rest.text } }, note: null },
      }),
      ...(vector && { vector: Float32Array.from(vector) }),
    }),
  );

export const memories = fc
  .array(memory, { maxLength: 25 })
  .map((list) => list.map((fields, i): Memory => ({ ...fields, memoryId: `${fields.memoryType}-${i}` })));

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
