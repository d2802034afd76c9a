import * as z from 'zod';
import { nameSchemas, timestampSchema, typeSchema } from '../shared/schema/fields.ts';
import { asserts, MAX_CONDITIONS } from './pattern-contract.ts';

const path = z
  .string()
  .min(1)
  .max(1024)
  .meta({ description: 'As in patterns/test.', example: 'market.trend' });
/** Mining ignores longer strings, so no decision would ever match them. */
const scalar = z.union([z.string().max(128), z.number(), z.boolean()]);
const bound = z.number().nullable().default(null);

const condition = z.discriminatedUnion('op', [
  z.strictObject({ path, op: z.literal('eq'), value: scalar }),
  z.strictObject({ path, op: z.literal('contains'), value: scalar }),
  z.strictObject({ path, op: z.literal('present') }),
  z.strictObject({
    path,
    op: z.literal('in_range'),
    min: bound.meta({ description: 'Inclusive; null is open.' }),
    max: bound.meta({ description: 'Exclusive; null is open.' }),
  }),
]);

export const hypothesisBody = z.strictObject({
  decisionType: typeSchema,
  asserts,
  // The action may come on top of as many conditions as mining combines.
  conditions: z.array(condition).max(MAX_CONDITIONS).default([]),
  action: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .meta({ description: 'Short for a condition `action eq …`; one condition or an action is needed.' }),
  statedAt: timestampSchema.optional().meta({
    description:
      'For imports and backtests: when it was written down. Default now; an earlier time is shown.',
  }),
  note: z.string().min(1).max(1000).optional(),
});

export type HypothesisBody = z.output<typeof hypothesisBody>;

nameSchemas({
  NewCondition: condition,
  NewHypothesis: hypothesisBody,
});
