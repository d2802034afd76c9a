import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import {
  agentIdSchema,
  clientTokenSchema,
  idOf,
  jsonSchema,
  pageOf,
  pageQuery,
} from '../shared/schema/fields.ts';

const DAY_SECONDS = 86_400;

const keySchema = idOf('key').meta({ example: 'current-context' });

const agentParams = z.strictObject({ agentId: agentIdSchema });
const keyParams = z.strictObject({ agentId: agentIdSchema, key: keySchema });

export const workingSchema = z.object({
  agentId: agentIdSchema,
  key: z.string(),
  value: jsonSchema,
  updatedAt: z.string(),
  /** It is gone at this instant, however late DynamoDB deletes it. */
  expiresAt: z.string(),
});

export const countBodySchema = z.strictObject({
  windowSeconds: z.number().int().min(1).max(DAY_SECONDS),
  by: z.number().int().min(1).max(1_000_000).default(1),
  /** The most that may be counted in one window; without it everything is. */
  limit: z.number().int().min(1).max(1_000_000_000_000).optional(),
  clientToken: clientTokenSchema.optional().meta({
    description:
      'Makes a repeat count once and answer the same, also in the next window. The last 16 of a counter are known, ' +
      'until an hour after the end of their window. A count that was refused is not remembered, and another ' +
      '`windowSeconds` is another counter, with tokens of its own.',
  }),
});

export const countAnswerSchema = z.object({
  agentId: agentIdSchema,
  key: z.string(),
  /** Counted in this window, this request included if it was allowed. */
  value: z.number().int(),
  allowed: z.boolean(),
  /** The rest of `limit`; `null` without one. */
  remaining: z.number().int().nullable(),
  /** End of the window. */
  resetsAt: z.string(),
});

export const workingRoutes = {
  putWorking: defineRoute({
    method: 'PUT',
    path: '/agents/{agentId}/working/{key}',
    audience: 'agent',
    summary: 'Remember any JSON value of up to 100 KB for up to a day',
    params: keyParams,
    query: z.strictObject({}),
    body: z.strictObject({
      value: jsonSchema,
      ttlSeconds: z.number().int().min(1).max(DAY_SECONDS).default(DAY_SECONDS),
    }),
    response: workingSchema,
    status: 200,
    errors: [],
    example: { body: { value: { symbol: 'BTC-USD', recentQueries: ['funding rate'] }, ttlSeconds: 3600 } },
  }),
  getWorking: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/working/{key}',
    audience: 'agent',
    summary: 'A value of the working memory, until the instant it expires',
    params: keyParams,
    query: z.strictObject({}),
    response: workingSchema,
    status: 200,
    errors: ['NotFound'],
  }),
  deleteWorking: defineRoute({
    method: 'DELETE',
    path: '/agents/{agentId}/working/{key}',
    audience: 'agent',
    summary: 'Forget a value before its time is up',
    params: keyParams,
    query: z.strictObject({}),
    response: z.object({ agentId: agentIdSchema, key: z.string(), deletedAt: z.string() }),
    status: 200,
    errors: ['NotFound'],
  }),
  listWorking: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/working',
    audience: 'agent',
    summary: 'The working memory with its values, in the order of the keys; a page can be short',
    params: agentParams,
    query: z.strictObject(pageQuery),
    response: pageOf(workingSchema),
    status: 200,
    errors: [],
  }),
  count: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/counters/{key}',
    audience: 'agent',
    summary: 'Count in a fixed window aligned to the epoch; with a limit, what would pass it is not counted',
    params: keyParams,
    query: z.strictObject({}),
    body: countBodySchema,
    response: countAnswerSchema,
    status: 200,
    errors: ['IdempotencyMismatch'],
    example: { body: { windowSeconds: 60, by: 1, limit: 100, clientToken: 'order-4711' } },
  }),
};
