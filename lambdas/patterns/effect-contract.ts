import * as z from 'zod';
import { nameSchemas } from '../shared/schema/fields.ts';
import type { MemoryEffect } from '../mining/vocabulary.ts';

/** Schemas of the effect of using patterns. */

export const count = z.number().int().nonnegative();

export const boundsSchema = z.tuple([z.number(), z.number()]);
export const intervalSchema = boundsSchema
  .nullable()
  .meta({ description: '95 %; null where there is nothing to measure.' });

const groupSchema = z.object({
  n: count.meta({ description: 'Resolved decisions.' }),
  successes: count,
  rate: z.number().nullable(),
  interval: intervalSchema,
});

const effectSchema = z
  .object({
    since: z
      .string()
      .meta({ description: 'UTC day of the first use in the window: comparing begins there.' }),
    with: groupSchema,
    without: groupSchema,
    compared: z
      .object({ with: count, without: count })
      .meta({ description: 'Decisions of weeks that have both; only they are compared.' }),
    difference: z
      .number()
      .nullable()
      .meta({ description: 'Success with minus success without, week by week (stratified by week).' }),
    interval: intervalSchema,
    pWorse: z
      .number()
      .meta({ description: 'That using it does no harm. Holds at every look, however often one looks.' }),
    pBetter: z.number().meta({ description: 'That using it does no good, likewise.' }),
  })
  .nullable();

export const memoryEffectSchema = z.object({
  applied: effectSchema.meta({
    description:
      'Decisions that name it in reasoning.patternsApplied against all others in the same situation ' +
      '(its conditions but `action` and `selected`). Null: never applied.',
  }),
  shown: effectSchema.meta({
    description:
      'Decisions whose exposure showed it against all others in the same situation. Null: never shown.',
  }),
}) satisfies z.ZodType<MemoryEffect>;

nameSchemas({
  Interval: boundsSchema,
  EffectGroup: groupSchema,
  Effect: effectSchema.unwrap(),
  MemoryEffect: memoryEffectSchema,
});
