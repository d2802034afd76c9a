import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import {
  agentIdSchema,
  clientTokenSchema,
  decisionIdSchema,
  freeFormSchema,
  ID_PATTERN,
  pageOf,
  pageQuery,
  scoreSchema,
  sessionIdSchema,
  tagsSchema,
  timestampSchema,
} from '../shared/schema/fields.ts';
import { CATEGORY_PATTERN, memoryTypes } from '../shared/schema/memory-categories.ts';

/** In the order they age. */
export const tierSchema = z.enum(['hot', 'warm', 'cold', 'archive']);
const formSchema = z.enum(['full', 'essential', 'summary', 'pattern']);

const count = z.number().int().nonnegative();
export const memoryIdSchema = z
  .string()
  .regex(ID_PATTERN, 'must be a valid memory id')
  .meta({ example: 'OBSERVATION-3f9a0c6d2b7e41d83f9a0c6d2b7e41d8' });

export const memoryTypeSchema = z
  .enum(memoryTypes)
  .refine((type) => type !== 'PATTERN', 'patterns are learned, or stated: PUT …/patterns/{patternId}')
  .meta({ example: 'OBSERVATION' });

export const categorySchema = z
  .string()
  .regex(CATEGORY_PATTERN, 'must be lower case letters, digits and _')
  .meta({ example: 'market_observations' });

export const agentParams = z.strictObject({ agentId: agentIdSchema });
const memoryParams = z.strictObject({ agentId: agentIdSchema, memoryId: memoryIdSchema });

/** Agents a memory can be shared with by name. */
const MAX_GRANTEES = 100;
const audienceSchema = z
  .union([z.literal('all'), z.array(agentIdSchema).max(MAX_GRANTEES)])
  .meta({ description: '`all`, or the ids of registered agents; an empty list is nobody.' });

const contentSchema = z.union([
  z.string().refine((text) => text.trim() !== '', 'must not be empty'),
  freeFormSchema.refine((fields) => Object.keys(fields).length > 0, 'must not be empty'),
]);
const provenanceSchema = z.strictObject({
  decisionIds: z.array(decisionIdSchema).max(50).optional(),
  sessionId: sessionIdSchema.optional(),
  userId: sessionIdSchema.optional(),
  source: z.string().min(1).max(200).optional(),
});
const outcomeSchema = z.strictObject({
  status: z.enum(['success', 'failure']).optional(),
  gain: z.number().optional().meta({ description: 'Relative: 0.05 is five percent won.' }),
});

const fields = {
  content: contentSchema,
  text: z
    .string()
    .min(1)
    .max(32_000)
    .meta({ description: 'What is searched. Default: the content in words.' }),
  tags: tagsSchema,
  importance: scoreSchema,
  metadata: freeFormSchema.meta({
    description:
      'Search reads speaker, topic, occurredAt (ISO-8601) and seq (its position in the session it comes from).',
  }),
  provenance: provenanceSchema,
  outcome: outcomeSchema,
};

const saveBody = z.strictObject({
  memoryType: memoryTypeSchema,
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

const updateBody = z
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

export const memorySchema = z.object({
  memoryId: memoryIdSchema,
  agentId: agentIdSchema.meta({ description: 'Whose it is.' }),
  memoryType: z.enum(memoryTypes),
  category: z.string(),
  ...fields,
  metadata: fields.metadata.optional(),
  provenance: fields.provenance.optional(),
  outcome: fields.outcome.optional(),
  text: z.string(),
  pinned: z.boolean(),
  createdAt: timestampSchema,
  updatedAt: timestampSchema,
  lastSeenAt: timestampSchema,
  timesSeen: count,
  version: count,
  tier: tierSchema,
  form: formSchema,
  merged: z.array(z.string()).optional().meta({ description: 'Near-duplicates it stands for.' }),
  accessCount: count.meta({ description: 'Reads, as of the last nightly run.' }),
  lastAccessedAt: z.string().optional(),
  expiresAt: z.string().nullable().meta({ description: 'Unless it is changed or seen again; null: never.' }),
});

const sharingSchema = z.object({
  memoryId: memoryIdSchema,
  agentId: agentIdSchema,
  with: z.union([z.literal('all'), z.array(z.string())]),
  version: count.meta({ description: '0: never shared.' }),
  updatedAt: z.string().nullable(),
});

export const scopeSchema = z.enum(['own', 'shared', 'all']).meta({
  description: 'Default own; `shared` is what others share with the agent, `all` both.',
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
    summary: 'List memories by type, most important first; patterns have a list of their own',
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
    summary: 'Read a memory, strongly consistent',
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
};
