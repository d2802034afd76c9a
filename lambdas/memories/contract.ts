import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import {
  agentIdSchema,
  annotateSchema,
  clientTokenSchema,
  nameSchemas,
  pageOf,
  pageQuery,
} from '../shared/schema/fields.ts';
import {
  audienceSchema,
  categorySchema,
  memoryFields as fields,
  memoryIdSchema,
  memorySchema,
  memoryTypeSchema,
  scopeSchema,
  storedTypeSchema,
  tierSchema,
} from './fields.ts';
import { searchRoutes } from './search-contract.ts';
import { statisticsRoutes } from './statistics-contract.ts';

const count = z.number().int().nonnegative();
const agentParams = z.strictObject({ agentId: agentIdSchema });
const memoryParams = z.strictObject({ agentId: agentIdSchema, memoryId: memoryIdSchema });

export const saveBody = z.strictObject({
  memoryType: storedTypeSchema,
  category: categorySchema.optional().meta({ description: "One of the stage's. Default: by type." }),
  content: fields.content,
  text: fields.text.optional(),
  tags: fields.tags.optional(),
  importance: fields.importance.optional().meta({ description: "Default: the category's." }),
  metadata: fields.metadata.optional(),
  pinned: z.boolean().optional(),
  provenance: fields.provenance.optional(),
  outcome: fields.outcome.optional(),
  sharing: audienceSchema.optional(),
  clientToken: clientTokenSchema
    .optional()
    .meta({ description: 'The same request with the same token within 7 days is one.' }),
});

export const updateBody = z
  .strictObject({
    expectedVersion: count.min(1),
    category: categorySchema.optional(),
    content: fields.content.optional(),
    text: fields.text.nullable().optional(),
    tags: fields.tags.optional(),
    importance: fields.importance.optional(),
    metadata: fields.metadata.nullable().optional(),
    pinned: z.boolean().optional(),
    provenance: fields.provenance.nullable().optional(),
    outcome: fields.outcome.nullable().optional(),
  })
  .refine((body) => Object.keys(body).length > 1, { path: ['body'], message: 'changes nothing' });

const sharingSchema = z.object({
  memoryId: memoryIdSchema,
  agentId: agentIdSchema,
  with: z.union([z.literal('all'), z.array(z.string())]),
  version: count.meta({ description: '0: never shared.' }),
  updatedAt: z.string().nullable(),
});

export const memoryRoutes = {
  saveMemory: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/memories',
    audience: 'agent',
    summary: 'Store a memory; the same content again is the same memory seen again',
    params: agentParams,
    query: z.strictObject({}),
    body: saveBody,
    response: memorySchema.extend({ result: z.enum(['created', 'seen']) }),
    status: 201,
    errors: ['IdempotencyMismatch'],
    example: {
      body: {
        memoryType: 'OBSERVATION',
        content: 'Funding on BTC perpetuals turned negative while spot volume doubled.',
        tags: ['btc', 'funding'],
      },
    },
  }),
  listMemories: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/memories',
    audience: 'agent',
    summary: 'List memories by type, most important first; promoted patterns among them',
    params: agentParams,
    query: z.strictObject({
      memoryType: memoryTypeSchema.optional(),
      category: categorySchema.optional(),
      tier: tierSchema.optional(),
      scope: scopeSchema.optional(),
      ...pageQuery,
    }),
    response: pageOf(memorySchema),
    status: 200,
    errors: [],
  }),
  getMemory: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/memories/{memoryId}',
    audience: 'agent',
    summary: 'Read a memory, or a promoted pattern as one, strongly consistent',
    params: memoryParams,
    query: z.strictObject({
      owner: agentIdSchema.optional().meta({ description: 'Another agent that shares it with this one.' }),
    }),
    response: memorySchema,
    status: 200,
    errors: ['NotFound'],
  }),
  updateMemory: defineRoute({
    method: 'PATCH',
    path: '/agents/{agentId}/memories/{memoryId}',
    audience: 'agent',
    summary: 'Change a memory; what it was stays readable, and its id stays when its content changes',
    params: memoryParams,
    query: z.strictObject({}),
    body: updateBody,
    response: memorySchema,
    status: 200,
    errors: ['NotFound', 'Conflict', 'VersionConflict'],
    example: { body: { expectedVersion: 1, pinned: true } },
  }),
  removeMemory: defineRoute({
    method: 'DELETE',
    path: '/agents/{agentId}/memories/{memoryId}',
    audience: 'agent',
    summary: 'Remove a memory with all it was, after writing both to the archive',
    params: memoryParams,
    query: z.strictObject({}),
    response: z.object({ memoryId: memoryIdSchema, agentId: agentIdSchema, removed: z.literal(true) }),
    status: 200,
    errors: ['NotFound'],
  }),
  listRevisions: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/memories/{memoryId}/revisions',
    audience: 'agent',
    summary: 'Every version of a memory, the present one first',
    params: memoryParams,
    query: z.strictObject(pageQuery),
    response: pageOf(
      z.object({
        version: count,
        memory: memorySchema.omit({ expiresAt: true }),
        replacedAt: z.string().nullable().meta({ description: 'null: the present version.' }),
      }),
    ),
    status: 200,
    errors: ['NotFound'],
  }),
  getMemorySharing: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/memories/{memoryId}/sharing',
    audience: 'agent',
    summary: 'With whom the agent shares one of its memories',
    params: memoryParams,
    query: z.strictObject({}),
    response: sharingSchema,
    status: 200,
    errors: ['NotFound'],
  }),
  putMemorySharing: defineRoute({
    method: 'PUT',
    path: '/agents/{agentId}/memories/{memoryId}/sharing',
    audience: 'agent',
    summary: 'Share a memory with named agents, with all, or with nobody',
    params: memoryParams,
    query: z.strictObject({}),
    body: z.strictObject({
      with: audienceSchema,
      expectedVersion: count.optional().meta({ description: '0: never shared. Default: whatever it is.' }),
    }),
    response: sharingSchema,
    status: 200,
    errors: ['NotFound', 'VersionConflict'],
    example: { body: { with: ['risk-manager'] } },
  }),
  ...searchRoutes,
  ...statisticsRoutes,
};

nameSchemas({
  NewMemory: saveBody,
  MemoryChange: updateBody,
  MemorySharing: sharingSchema,
  SavedMemory: memoryRoutes.saveMemory.response,
  MemoryRevision: memoryRoutes.listRevisions.response.shape.items.element,
});
annotateSchema(updateBody, { minProperties: 2 });
