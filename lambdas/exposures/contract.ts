import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import { agentIdSchema, exposureIdSchema } from '../shared/schema/fields.ts';

/** The answer that showed an agent its memory: `POST …/patterns/match` or `POST …/context`. */
export const exposureKindSchema = z.enum(['match', 'context']);

export const exposureSchema = z.object({
  agentId: agentIdSchema,
  exposureId: exposureIdSchema,
  kind: exposureKindSchema.meta({ description: 'The answer that showed it.' }),
  timestamp: z.string().meta({ description: 'When it was shown. Kept for 95 days.' }),
  patterns: z
    .array(z.object({ patternId: z.string(), version: z.number().int() }))
    .meta({ description: 'The patterns shown, each with the version it had.' }),
  memories: z.array(z.string()).meta({ description: 'Ids of the memories shown; likewise below.' }),
  decisions: z.array(z.string()),
  sessions: z.array(z.string()),
  signals: z.array(z.string()),
});

export const exposureRoutes = {
  getExposure: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/exposures/{exposureId}',
    audience: 'agent',
    summary: 'What an answer of `patterns/match` or `context` showed the agent: ids and versions',
    params: z.strictObject({ agentId: agentIdSchema, exposureId: exposureIdSchema }),
    query: z.strictObject({}),
    response: exposureSchema,
    status: 200,
    errors: ['NotFound', 'Gone'],
  }),
};
