import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import { agentIdSchema, annotateSchema, idOf, nameSchemas } from '../shared/schema/fields.ts';

const count = z.number().int().nonnegative();
const userIdSchema = idOf('user id').meta({ example: 'user-42' });

const countsSchema = z.object({
  decisions: count,
  memory: count,
  state: count,
  signals: count,
  archive: count.meta({ description: 'Records in the archive, copies and pointers included.' }),
});

const erasureSchema = z.object({
  erasureId: z.string().meta({ example: 'ERASURE-01JZZZZZZZZZZZZZZZZZZZZZZZ' }),
  agentId: z.string().optional(),
  userId: z.string().optional(),
  status: z.enum(['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED']),
  requestedAt: z.string(),
  finishedAt: z.string().nullable(),
  passes: count.meta({ description: 'Times everything was looked through.' }),
  removed: countsSchema.meta({ description: 'Rows removed, by table.' }),
  rewritten: count.meta({
    description: "Rows of others that something of the agent's or user's was taken out of.",
  }),
  left: countsSchema.nullable().meta({
    description: 'What the last pass found: all zero once it has succeeded, `null` before.',
  }),
  stillHeld: z
    .array(z.object({ where: z.string(), what: z.string(), until: z.string() }))
    .meta({ description: 'What no erasure reaches, and until when it is there.' }),
  error: z.string().optional(),
});

export const erasureRoutes = {
  startErasure: defineRoute({
    method: 'POST',
    path: '/erasures',
    audience: 'operator',
    summary: 'Remove everything of one agent, or everything about one user',
    params: z.strictObject({}),
    query: z.strictObject({}),
    body: z
      .strictObject({ agentId: agentIdSchema.optional(), userId: userIdSchema.optional() })
      .refine(({ agentId, userId }) => (agentId === undefined) !== (userId === undefined), {
        path: ['agentId'],
        message: 'say either agentId or userId',
      }),
    response: erasureSchema,
    status: 202,
    errors: [],
    example: { body: { agentId: 'market-hunter' } },
  }),
  getErasure: defineRoute({
    method: 'GET',
    path: '/erasures/{erasureId}',
    audience: 'operator',
    summary: 'How far an erasure is, what it removed, and what is still held elsewhere',
    params: z.strictObject({
      erasureId: idOf('erasure id').meta({
        example: 'ERASURE-01JZZZZZZZZZZZZZZZZZZZZZZZ',
      }),
    }),
    query: z.strictObject({}),
    response: erasureSchema,
    status: 200,
    errors: ['NotFound'],
  }),
};

nameSchemas({
  RecordCounts: countsSchema,
  Erasure: erasureSchema,
  NewErasure: erasureRoutes.startErasure.body!,
});
annotateSchema(erasureRoutes.startErasure.body!, { minProperties: 1, maxProperties: 1 });
