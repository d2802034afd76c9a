import * as z from 'zod';

/** Types of memories. The type is part of a memory's id and key. `PATTERN`s are learned or stated: see patterns. */
export const memoryTypes = [
  'PATTERN',
  'STRATEGY',
  'ARCHETYPE',
  'CORRELATION',
  'THRESHOLD',
  'RULE',
  'INSIGHT',
  'OBSERVATION',
  'TRADE',
  'FAILURE',
  'OPPORTUNITY',
  'PREFERENCE',
] as const;
export type MemoryType = (typeof memoryTypes)[number];

const categorySchema = z.strictObject({
  /** Days after it was last seen that a memory is kept, unless pinned; `null` is for ever. */
  retentionDays: z.number().positive().max(36_500).nullable(),
  /** Importance of a memory that states none, 0 to 1. */
  importance: z.number().min(0).max(1),
});
export type MemoryCategory = z.output<typeof categorySchema>;

export const CATEGORY_PATTERN = /^[a-z][a-z0-9_]{0,63}$/;
export const memoryCategoriesSchema = z.record(
  z.string().regex(CATEGORY_PATTERN, 'must be lower case letters, digits and _'),
  categorySchema,
);
export type MemoryCategories = Readonly<Record<string, MemoryCategory>>;

/** The categories a stage has unless its configuration adds or changes some. */
export const defaultMemoryCategories = {
  trades: { retentionDays: 30, importance: 0.9 },
  market_observations: { retentionDays: 7, importance: 0.6 },
  patterns: { retentionDays: 365, importance: 1 },
  failures: { retentionDays: 60, importance: 0.8 },
  opportunities: { retentionDays: 3, importance: 0.5 },
  user_preferences: { retentionDays: null, importance: 1 },
  strategies: { retentionDays: 365, importance: 0.9 },
  archetypes: { retentionDays: 365, importance: 0.8 },
  correlations: { retentionDays: 90, importance: 0.7 },
  thresholds: { retentionDays: 180, importance: 0.8 },
  rules: { retentionDays: 365, importance: 0.9 },
  insights: { retentionDays: 180, importance: 0.7 },
} as const satisfies MemoryCategories;

/** The category of a memory that names none. */
export const categoryOfType = {
  PATTERN: 'patterns',
  STRATEGY: 'strategies',
  ARCHETYPE: 'archetypes',
  CORRELATION: 'correlations',
  THRESHOLD: 'thresholds',
  RULE: 'rules',
  INSIGHT: 'insights',
  OBSERVATION: 'market_observations',
  TRADE: 'trades',
  FAILURE: 'failures',
  OPPORTUNITY: 'opportunities',
  PREFERENCE: 'user_preferences',
} as const satisfies Readonly<Record<MemoryType, keyof typeof defaultMemoryCategories>>;
