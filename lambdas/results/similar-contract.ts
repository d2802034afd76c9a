import * as z from 'zod';
import { outcomeSchema } from '../decisions/fields.ts';
import { intervalSchema } from '../patterns/effect-contract.ts';
import { defineRoute } from '../shared/http/contract.ts';
import {
  agentIdSchema,
  decisionIdSchema,
  freeFormSchema,
  mapKeySchema,
  nameSchemas,
  omittedSchema,
  typeSchema,
} from '../shared/schema/fields.ts';

const count = z.number().int().nonnegative();
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const shown = z.union([scalar, z.array(scalar)]).nullable();
const shortText = z.string().min(1).max(256);

export const similarRoutes = {
  findSimilar: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/decisions/similar',
    audience: 'agent',
    summary: 'Past decisions in a situation most like this one, and what became of them',
    params: z.strictObject({ agentId: agentIdSchema }),
    query: z.strictObject({}),
    body: z.strictObject({
      situation: freeFormSchema.meta({ description: 'As the `context` of a decision.' }),
      decisionType: typeSchema.optional().meta({ description: 'Only of this type. Default all.' }),
      action: shortText.optional().meta({ description: 'Only with exactly this action.' }),
      symbol: shortText
        .optional()
        .meta({ description: 'Only of exactly this `trade.symbol`, or `context.symbol` without a trade.' }),
      topK: z.number().int().min(1).max(50).optional().meta({ description: 'Default 5.' }),
      weights: z
        .record(mapKeySchema, z.number().min(0).max(1000))
        .optional()
        .meta({ description: 'By path of the situation, how much it counts. Default 1 each.' }),
      includeOlder: z
        .boolean()
        .optional()
        .meta({ description: 'Also beyond the newest 1,000: reads up to 20,000, 0.25 RRU a KB.' }),
    }),
    response: z.object({
      items: z
        .array(
          z.object({
            decisionId: decisionIdSchema,
            decisionType: typeSchema,
            timestamp: z.string(),
            action: shortText.optional(),
            status: z.enum(['success', 'failure']),
            confidence: z.number().optional(),
            distance: z.number().meta({
              description:
                '0 (the same) to 1, the weighted mean over the paths of the situation (Gower): numbers |x − y| ÷ ' +
                '(2 × interquartile range of the decisions looked at), at most 1; texts and booleans 0 or 1; arrays ' +
                'by what they share (Jaccard); 1 where the decision has none.',
            }),
            outcome: outcomeSchema,
            differences: z
              .array(z.object({ path: z.string(), asked: shown, found: shown, distance: z.number() }))
              .meta({ description: 'The five largest.' }),
            summary: z.string().meta({ description: 'One line.' }),
          }),
        )
        .meta({
          description: 'Nearest first; ties: the later day, then the more confident, then the later.',
        }),
      omitted: omittedSchema,
      considered: count.meta({ description: 'Resolved decisions that passed the filters.' }),
      truncated: z.boolean().meta({ description: 'There are more older ones than were read.' }),
      outcomes: z
        .object({ n: count, successes: count, rate: z.number().nullable(), interval: intervalSchema })
        .meta({ description: 'Of those shown.' }),
    }),
    status: 200,
    errors: [],
    omits: { items: 'decisionId' },
    example: { body: { situation: { market: { trend: 'up', volatility: 0.2 } }, action: 'buy', topK: 3 } },
  }),
};

export type SimilarRequest = Readonly<z.output<NonNullable<typeof similarRoutes.findSimilar.body>>>;

nameSchemas({
  SimilarRequest: similarRoutes.findSimilar.body!,
  SimilarDecision: similarRoutes.findSimilar.response.shape.items.element,
});
