import * as z from 'zod';
import {
  agentIdSchema,
  decisionIdSchema,
  filledMapSchema,
  freeFormSchema,
  idOf,
  nameSchemas,
  numberSchema,
  scoreSchema,
  sessionIdSchema,
  spokenTextSchema,
  tagsSchema,
  timestampSchema,
} from '../shared/schema/fields.ts';
import { CATEGORY_PATTERN, memoryTypes } from '../shared/schema/memory-categories.ts';
import { memoryForms, memoryTiers } from './memory-stages.ts';

/** In the order they age. */
export const tierSchema = z.enum(memoryTiers);
const formSchema = z.enum(memoryForms);

const count = z.number().int().nonnegative();
export const memoryIdSchema = idOf('memory id').meta({
  example: 'OBSERVATION-3f9a0c6d2b7e41d83f9a0c6d2b7e41d8',
});

export const memoryTypeSchema = z.enum(memoryTypes).meta({
  description: "PATTERN: the agent's own promoted patterns, which are read-only here.",
  example: 'OBSERVATION',
});
export const storedTypeSchema = z
  .enum(memoryTypes)
  .refine((type) => type !== 'PATTERN', 'patterns are learned, or stated: PUT …/patterns/{patternId}')
  .meta({ enum: memoryTypes.filter((type) => type !== 'PATTERN'), example: 'OBSERVATION' });

export const categorySchema = z
  .string()
  .regex(CATEGORY_PATTERN, 'must be lower case letters, digits and _')
  .meta({ example: 'market_observations' });

/** Agents a memory can be shared with by name. */
const MAX_GRANTEES = 100;
export const audienceSchema = z
  .union([z.literal('all'), z.array(agentIdSchema).max(MAX_GRANTEES)])
  .meta({ description: '`all`, or the ids of registered agents; an empty list is nobody.' });

const contentSchema = z.union([spokenTextSchema, filledMapSchema]);
const provenanceSchema = z.strictObject({
  decisionIds: z.array(decisionIdSchema).max(50).optional(),
  sessionId: sessionIdSchema.optional(),
  userId: sessionIdSchema.optional(),
  source: z.string().min(1).max(200).optional(),
});
const outcomeSchema = z.strictObject({
  status: z.enum(['success', 'failure']).optional(),
  gain: numberSchema.optional().meta({ description: 'Relative: 0.05 is five percent won.' }),
});

/** Fields of requests and of answers. */
export const memoryFields = {
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

export const memorySchema = z.object({
  memoryId: memoryIdSchema,
  agentId: agentIdSchema.meta({ description: 'Whose it is.' }),
  memoryType: z.enum(memoryTypes),
  category: z.string(),
  ...memoryFields,
  metadata: memoryFields.metadata.optional(),
  provenance: memoryFields.provenance.optional(),
  outcome: memoryFields.outcome.optional(),
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

export const scopeSchema = z.enum(['own', 'shared', 'all']).meta({
  description: 'Default own; `shared` is what others share with the agent, `all` both.',
});

nameSchemas({
  MemoryTier: tierSchema,
  MemoryForm: formSchema,
  MemoryType: memorySchema.shape.memoryType,
  MemoryScope: scopeSchema,
  MemoryProvenance: provenanceSchema,
  MemoryOutcome: outcomeSchema,
  Memory: memorySchema,
});
