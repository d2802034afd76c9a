import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import {
  agentIdSchema,
  clientTokenSchema,
  idOf,
  jsonSchema,
  nameSchemas,
  pageOf,
  pageQuery,
  queryIntegerSchema,
} from '../shared/schema/fields.ts';
import { expectedVersionSchema } from './state-contract.ts';

const DAY_SECONDS = 86_400;
const MAX_COUNT = 1_000_000;
const MAX_LIMIT = 1_000_000_000_000;

const keySchema = idOf('key').meta({ example: 'current-context' });

const agentParams = z.strictObject({ agentId: agentIdSchema });
const keyParams = z.strictObject({ agentId: agentIdSchema, key: keySchema });

export const workingSchema = z.object({
  agentId: agentIdSchema,
  key: z.string(),
  value: jsonSchema,
  version: z.number().int().meta({ description: 'Rises with each write under this key.' }),
  updatedAt: z.string(),
  /** It is gone at this instant, however late DynamoDB deletes it. */
  expiresAt: z.string(),
});

export const countBodySchema = z.strictObject({
  windowSeconds: z.number().int().min(1).max(DAY_SECONDS),
  by: z.number().int().min(1).max(MAX_COUNT).default(1),
  /** The most that may be counted in one window; without it everything is. */
  limit: z.number().int().min(1).max(MAX_LIMIT).optional(),
  clientToken: clientTokenSchema.optional().meta({
    description:
      'Makes a repeat count once and answer the same, also in the next window. The last 16 of a counter are known, ' +
      'until an hour after the end of their window, unless 16 windows without a token came in between. A count that was refused is not remembered, and another ' +
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

const ttlSecondsSchema = z.number().int().min(1).max(DAY_SECONDS);

export const appendBodySchema = z.strictObject({
  items: z.array(jsonSchema).min(1).max(100).meta({ description: 'Added at the end, in this order.' }),
  ttlSeconds: ttlSecondsSchema.optional().meta({
    description: 'From now. Default: a list that is there keeps its end, a new one has a day.',
  }),
  expectedVersion: expectedVersionSchema.optional(),
  clientToken: clientTokenSchema.optional().meta({
    description: 'The same append again, among the last 16 with a token, answers as the first did.',
  }),
});

/** An append tells the length, and not the list: that may be 100 KB each time. */
export const appendAnswerSchema = workingSchema.omit({ value: true }).extend({
  length: z.number().int().meta({ description: 'Items in the list after this append.' }),
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
      ttlSeconds: ttlSecondsSchema.default(DAY_SECONDS),
      expectedVersion: expectedVersionSchema.optional(),
    }),
    response: workingSchema,
    status: 200,
    errors: ['VersionConflict'],
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
    query: z.strictObject({
      expectedVersion: queryIntegerSchema(1, Number.MAX_SAFE_INTEGER)
        .optional()
        .meta({ description: 'The version to forget. Another one is a 409 with `currentVersion`.' }),
    }),
    response: z.object({ agentId: agentIdSchema, key: z.string(), deletedAt: z.string() }),
    status: 200,
    errors: ['NotFound', 'VersionConflict'],
  }),
  appendWorking: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/working/{key}/append',
    audience: 'agent',
    summary: 'Add to a list of the working memory, or begin one; 409 when the value is no list',
    params: keyParams,
    query: z.strictObject({}),
    body: appendBodySchema,
    response: appendAnswerSchema,
    status: 200,
    errors: ['Conflict', 'VersionConflict', 'IdempotencyMismatch'],
    example: { body: { items: [{ query: 'funding rate', hits: 3 }], clientToken: 'query-17' } },
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
  getCount: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/counters/{key}',
    audience: 'agent',
    summary: 'Where a counter stands in the current window, without counting; 0 when nothing was counted',
    params: keyParams,
    query: z.strictObject({
      windowSeconds: queryIntegerSchema(1, DAY_SECONDS),
      by: queryIntegerSchema(1, MAX_COUNT)
        .optional()
        .meta({ description: '`allowed` tells whether so many more would be counted. Default 1.' }),
      limit: queryIntegerSchema(1, MAX_LIMIT).optional(),
    }),
    response: countAnswerSchema,
    status: 200,
    errors: [],
    example: { query: { windowSeconds: '60', limit: '100' } },
  }),
};

nameSchemas({
  WorkingValue: workingSchema,
  NewWorkingValue: workingRoutes.putWorking.body!,
  NewCount: countBodySchema,
  Count: countAnswerSchema,
});
