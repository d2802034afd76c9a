import * as z from 'zod';
import { defineRoute } from '../../../../lambdas/shared/http/contract.ts';
import { agentIdSchema } from '../../../../lambdas/shared/schema/fields.ts';

export const toyRoutes = {
  getToy: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/toy',
    audience: 'agent',
    summary: 'The toy of an agent.',
    params: z.object({ agentId: agentIdSchema }),
    query: z.object({}),
    response: z.object({ toy: z.string() }),
    status: 200,
    errors: [],
  }),
};
