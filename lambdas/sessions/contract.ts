import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import {
  agentIdSchema,
  clientTokenSchema,
  freeFormSchema,
  idOf,
  nameSchemas,
  omittedSchema,
  pageOf,
  pageQuery,
  scoreSchema,
  sessionIdSchema,
  tagsSchema,
  timestampSchema,
} from '../shared/schema/fields.ts';
import { MAX_EXPIRY_SECONDS, MIN_EXPIRY_SECONDS, roles, sessionStatuses } from './session-limits.ts';

const agentParams = z.strictObject({ agentId: agentIdSchema });
const sessionParams = z.strictObject({ agentId: agentIdSchema, sessionId: sessionIdSchema });
const userIdSchema = idOf('user id').meta({ example: 'user-42', description: 'Whom the agent talks to.' });

const subject = {
  userId: userIdSchema.optional(),
  topic: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .meta({ example: 'BTC-USD', description: 'A symbol, a customer, a ticket.' }),
  metadata: freeFormSchema.optional().meta({ description: 'At most 2 KB as JSON.' }),
};

const measureSchema = z.object({
  count: z.number().int(),
  mean: z.number().nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
});
const measure = (description: string) => measureSchema.meta({ description });
const countsSchema = z.record(z.string(), z.number().int());

/** The record of a session that is over. */
export const endSchema = z.object({
  endedAt: timestampSchema.meta({ description: 'Of an expired session, the instant it expired.' }),
  /** As the caller said, or `expired`. */
  reason: z.string(),
  analytics: z.object({
    messages: z.number().int(),
    queries: z.number().int().meta({ description: 'Messages of the user.' }),
    turns: z.number().int().meta({ description: 'Queries, or runs of them, that the assistant answered.' }),
    durationSeconds: z.number().meta({ description: 'From creation to the last message.' }),
    responseTimeMs: measure("From a turn's last query to its answer, in milliseconds."),
    confidence: measure("`metadata.confidence` of the assistant's messages."),
    sources: countsSchema.meta({ description: '`metadata.sources`: the 20 most used, how often each.' }),
    collections: countsSchema.meta({ description: '`metadata.collections`, likewise.' }),
  }),
});

const identity = { agentId: agentIdSchema, sessionId: sessionIdSchema, ...subject };
const statusSchema = z
  .enum(sessionStatuses)
  .meta({ description: '`expired`: nobody ended it and its time is up.' });

export const sessionSchema = z.object({
  ...identity,
  status: statusSchema,
  createdAt: timestampSchema,
  lastActivityAt: timestampSchema,
  expiresAfterSeconds: z.number().int(),
  expiresAt: timestampSchema,
  lastSeq: z.number().int().min(0).meta({ description: 'Of the newest message; numbers may be missing.' }),
  end: endSchema.optional(),
});

const messageContent = {
  role: z.enum(roles),
  content: z.string().min(1),
  metadata: freeFormSchema
    .optional()
    .meta({ description: 'Free; `confidence`, `sources`, `collections` and `responseTimeMs` are analysed.' }),
};
export const messageSchema = z.object({
  seq: z.number().int().min(1).meta({ description: 'Ascending in the order of the session.' }),
  ...messageContent,
  createdAt: timestampSchema,
});

const resumed = sessionSchema.extend({
  summary: z
    .object({
      text: z.string(),
      throughSeq: z.number().int().meta({ description: 'It holds every message up to this one.' }),
      updatedAt: timestampSchema,
      by: z.string().meta({ description: '`extractive`, or the model that wrote it.' }),
    })
    .nullable(),
  messages: z.array(messageSchema).meta({ description: 'The newest, oldest first.' }),
  omitted: omittedSchema,
});

export const newSessionSchema = z.strictObject({
  ...subject,
  expiresAfterSeconds: z
    .number()
    .int()
    .min(MIN_EXPIRY_SECONDS)
    .max(MAX_EXPIRY_SECONDS)
    .optional()
    .meta({ description: 'Without activity for so long it expires; the default is the stage’s.' }),
  clientToken: clientTokenSchema.optional().meta({ description: 'Makes a repeat harmless.' }),
});

export const sessionQuerySchema = z.strictObject({ userId: userIdSchema.optional(), ...pageQuery });

/** One session in a list. */
export const listedSessionSchema = z.object({
  ...identity,
  status: statusSchema,
  createdAt: timestampSchema,
  /** While it is active, and until its record is made. */
  lastActivityAt: timestampSchema.optional(),
  end: endSchema.optional(),
});

export const endRequestSchema = z.strictObject({
  reason: z.string().min(1).max(200).default('completed'),
  insights: z
    .array(
      z.strictObject({
        content: z.string().min(1).max(2_000),
        importance: scoreSchema.default(0.7),
        tags: tagsSchema.default([]),
      }),
    )
    .max(10)
    .optional()
    .meta({
      description:
        'What long-term memory should keep of it, as memories of type INSIGHT. Without the field, its summary if something was decided.',
    }),
});

export const sessionRoutes = {
  createSession: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/sessions',
    audience: 'agent',
    summary: 'Open a session',
    params: agentParams,
    query: z.strictObject({}),
    body: newSessionSchema,
    response: sessionSchema,
    status: 201,
    errors: ['IdempotencyMismatch'],
    throttledAs: 'Unavailable',
    example: { body: { userId: 'user-42', topic: 'BTC-USD', metadata: { channel: 'chat' } } },
  }),
  listSessions: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/sessions',
    audience: 'agent',
    summary: 'The sessions of an agent, or those with one user, newest first',
    params: agentParams,
    query: sessionQuerySchema,
    response: pageOf(listedSessionSchema),
    status: 200,
    errors: [],
    example: { query: { userId: 'user-42' } },
  }),
  getSession: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/sessions/{sessionId}',
    audience: 'agent',
    summary: 'Resume a session: summary and newest messages in one read; of one that is over, its record too',
    params: sessionParams,
    query: z.strictObject({}),
    response: resumed,
    status: 200,
    errors: ['NotFound'],
    omits: { messages: 'seq' },
  }),
  appendMessage: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/sessions/{sessionId}/messages',
    audience: 'agent',
    summary: 'Append a message; concurrent appends get an order',
    params: sessionParams,
    query: z.strictObject({}),
    body: z.strictObject({
      ...messageContent,
      clientToken: clientTokenSchema
        .optional()
        .meta({ description: 'Makes a repeat harmless; the last 16 of a session are remembered.' }),
    }),
    response: messageSchema.extend({ agentId: agentIdSchema, sessionId: sessionIdSchema }),
    status: 201,
    errors: ['NotFound', 'Conflict', 'IdempotencyMismatch'],
    throttledAs: 'Unavailable',
    example: {
      body: {
        role: 'assistant',
        content: 'Funding is 0.01 %, so the long is cheap to hold.',
        metadata: { confidence: 0.8, sources: ['funding-api'] },
      },
    },
  }),
  endSession: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/sessions/{sessionId}/end',
    audience: 'agent',
    summary: 'End a session: final summary and analytics; ending again answers the same',
    params: sessionParams,
    query: z.strictObject({}),
    body: endRequestSchema,
    response: resumed.omit({ messages: true, omitted: true }),
    status: 200,
    errors: ['NotFound', 'Conflict'],
    throttledAs: 'Unavailable',
    example: { body: { reason: 'solved', insights: [{ content: 'Ada prefers limit orders.' }] } },
  }),
  listMessages: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/sessions/{sessionId}/messages',
    audience: 'agent',
    summary: 'All messages of a session, newest first, also once it is over; a page can be short',
    params: sessionParams,
    query: z.strictObject({ ...pageQuery }),
    response: pageOf(messageSchema),
    status: 200,
    errors: ['NotFound'],
  }),
};

nameSchemas({
  Role: messageContent.role,
  SessionStatus: statusSchema,
  Measure: measureSchema,
  SessionEnd: endSchema,
  SessionAnalytics: endSchema.shape.analytics,
  Session: sessionSchema,
  Message: messageSchema,
  NewMessage: sessionRoutes.appendMessage.body!,
  ResumedSession: resumed,
  SessionSummary: resumed.shape.summary.unwrap(),
  NewSession: newSessionSchema,
  ListedSession: listedSessionSchema,
  EndOfSession: endRequestSchema,
  NewInsight: endRequestSchema.shape.insights.unwrap().element,
});
