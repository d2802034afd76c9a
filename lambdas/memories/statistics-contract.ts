import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import { agentIdSchema } from '../shared/schema/fields.ts';
import { nightFigures, perTier } from './ageing/report-schema.ts';

const count = z.number().int().nonnegative();

export const statisticsRoutes = {
  getMemoryStatistics: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/memories/statistics',
    audience: 'agent',
    summary: "What an agent's memories are and what the nights made of them, without reading them",
    params: z.strictObject({ agentId: agentIdSchema }),
    query: z.strictObject({}),
    response: z.object({
      agentId: agentIdSchema,
      asOf: z.string().nullable().meta({ description: 'The last night; null: there was none.' }),
      memories: count.meta({ description: 'After that night, and those stored since.' }),
      tiers: perTier,
      categories: z.record(z.string(), count),
      bytes: perTier.meta({ description: 'Content, text and metadata as JSON, after that night.' }),
      since: z
        .object({ stored: count, changed: count, removed: count })
        .nullable()
        .meta({ description: 'Since that night; null: too much to count, and not counted above.' }),
      pruned: nightFigures.pruned.meta({ description: 'By reason, all nights.' }),
      compression: z.object({
        memories: count,
        bytesBefore: count,
        bytesAfter: count,
        ratio: z
          .number()
          .nullable()
          .meta({ description: 'What is left of a byte; null: none was shortened.' }),
      }),
      lastNight: z.object({ runId: z.string(), ...nightFigures }).nullable(),
      topAccessed: z.array(
        z.object({ memoryId: z.string(), accessCount: count, lastAccessedAt: z.string().optional() }),
      ),
      searches: z.object({
        count,
        hitRate: z.number().min(0).max(1).nullable().meta({ description: 'Share that found something.' }),
        meanMs: z.number().nullable(),
      }),
    }),
    status: 200,
    errors: [],
  }),
};
