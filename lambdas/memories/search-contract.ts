import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import {
  agentIdSchema,
  filledMapSchema,
  nameSchemas,
  omittedSchema,
  scoreSchema,
  spokenTextSchema,
  tagsSchema,
  timestampSchema,
} from '../shared/schema/fields.ts';
import { categorySchema, memorySchema, memoryTypeSchema, scopeSchema, tierSchema } from './fields.ts';

const params = z.strictObject({ agentId: agentIdSchema });

/** One value or several of which one must hold. */
const oneOrMore = <Value extends z.ZodType>(value: Value) =>
  z.union([value.transform((one) => [one]), z.array(value).min(1).max(20)]);

const filters = z.strictObject({
  memoryType: oneOrMore(memoryTypeSchema).optional(),
  category: oneOrMore(categorySchema).optional(),
  tier: oneOrMore(tierSchema).optional(),
  tags: tagsSchema.min(1).optional().meta({ description: 'All of these.' }),
  from: timestampSchema.optional().meta({ description: 'metadata.occurredAt, else when it was stored.' }),
  to: timestampSchema.optional(),
  minConfidence: scoreSchema.optional().meta({ description: "The memory's importance." }),
});

const options = {
  topK: z.number().int().min(1).max(100).optional().meta({ description: 'Default 10.' }),
  filters: filters.optional().meta({ description: 'They act before ranking.' }),
  scope: scopeSchema.optional(),
  boosts: z
    .strictObject({
      recency: z.boolean().optional(),
      importance: z.boolean().optional(),
      outcome: z.boolean().optional(),
    })
    .optional()
    .meta({ description: 'All on unless turned off.' }),
};

export const searchBody = z.strictObject({
  query: spokenTextSchema.max(2000),
  ...options,
});

const factor = z.number().meta({ description: 'A factor of the score; 1 where it is turned off.' });

const hit = memorySchema.extend({
  score: z.number(),
  why: z
    .object({
      base: z.number().meta({ description: '0 to 1, from the rankings below.' }),
      lexical: z
        .object({
          rank: z.number().int(),
          score: z.number().meta({ description: 'BM25 of the memory itself.' }),
          terms: z.record(z.string(), z.number()).meta({ description: 'Its parts, by stem.' }),
          neighbours: z.number().meta({ description: 'What neighbouring turns of its conversation add.' }),
        })
        .optional(),
      vector: z.object({ rank: z.number().int(), cosine: z.number() }).optional(),
      recency: factor,
      importance: factor,
      outcome: factor,
    })
    .meta({ description: 'score = base × recency × importance × outcome.' }),
});

const hits = z.object({
  items: z.array(hit),
  omitted: omittedSchema,
  unsearched: z
    .number()
    .int()
    .nonnegative()
    .meta({
      description:
        "The agent's own memories beyond the 20,000 that are searched, as of the instance's last full reading: those " +
        'longest unseen in the lowest tier. 0 unless there are so many.',
    }),
});

export const searchRoutes = {
  searchMemories: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/memories/search',
    audience: 'agent',
    summary:
      'Find memories by words and, where an embedder is configured, by meaning; best first, with reasons',
    params,
    query: z.strictObject({}),
    body: searchBody,
    response: hits,
    status: 200,
    errors: [],
    omits: { items: 'memoryId' },
    example: { body: { query: 'What happened to funding on BTC?', topK: 5 } },
  }),
  searchMemoriesBatch: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/memories/search/batch',
    audience: 'agent',
    summary: 'Up to ten searches at once, answered in their order',
    params,
    query: z.strictObject({}),
    body: z.strictObject({ queries: z.array(searchBody).min(1).max(10) }),
    response: z.object({ results: z.array(hits) }),
    status: 200,
    errors: [],
    omits: { 'results.*.items': 'memoryId' },
    example: { body: { queries: [{ query: 'funding' }] } },
  }),
  preloadMemories: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/memories/preload',
    audience: 'agent',
    summary: 'What to know before acting in a situation: pinned memories first, then those its fields find',
    params,
    query: z.strictObject({}),
    body: z.strictObject({
      situation: filledMapSchema,
      ...options,
    }),
    response: hits,
    status: 200,
    errors: [],
    omits: { items: 'memoryId' },
    example: { body: { situation: { coin: 'BTC', trend: 'up' } } },
  }),
};

nameSchemas({
  MemoryFilters: filters,
  SearchBoosts: options.boosts.unwrap(),
  MemorySearch: searchBody,
  Ranking: hit.shape.why,
  FoundMemory: hit,
  FoundMemories: hits,
});
