import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import {
  agentIdSchema,
  idOf,
  nameSchemas,
  pageOf,
  pageQuery,
  timestampSchema,
} from '../shared/schema/fields.ts';

/** Tables with records in the archive. */
const archivedTables = ['decisions', 'memory', 'state', 'signals'] as const;

const archivedSchema = z.object({
  table: z.enum(archivedTables),
  kind: z.string().meta({ description: 'What the record is.', example: 'decision' }),
  id: z.string(),
  timestamp: z.string().meta({ description: "The record's own time." }),
  version: z.number().int(),
  reason: z
    .enum(['expired', 'pruned', 'merged', 'compressed', 'deleted'])
    .meta({ description: 'Why it left its table.' }),
  archivedAt: z.string(),
  record: z.record(z.string(), z.unknown()).meta({ description: 'As it was in the table.' }),
});

export const archiveQuerySchema = z.strictObject({
  ...pageQuery,
  table: z.enum(archivedTables),
  id: idOf('id').optional().meta({
    description: 'Only this decision, signal, session or memory. Without a time in it, `from` is needed.',
    example: 'SIGNAL_GENERATION-01JZZZZZZZZZZZZZZZZZZZZZZZ',
  }),
  from: timestampSchema.optional(),
  to: timestampSchema.optional(),
});

export const archiveRoutes = {
  listArchived: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/archive',
    audience: 'agent',
    summary: 'What was deleted from a table by age or by the nightly run, newest first; pages may be short',
    params: z.strictObject({ agentId: agentIdSchema }),
    query: archiveQuerySchema,
    response: pageOf(archivedSchema),
    status: 200,
    errors: [],
    example: { query: { table: 'decisions' } },
  }),
};

nameSchemas({
  ArchivedRecord: archivedSchema,
});
