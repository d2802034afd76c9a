import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';

export const healthRoutes = {
  getHealth: defineRoute({
    method: 'GET',
    path: '/health',
    audience: 'open',
    summary: 'Whether the service answers',
    params: z.strictObject({}),
    query: z.strictObject({}),
    response: z.object({ status: z.literal('ok'), time: z.string() }),
    status: 200,
    errors: [],
  }),
};
