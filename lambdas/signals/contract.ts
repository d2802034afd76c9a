import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import {
  agentIdSchema,
  annotateSchema,
  clientTokenSchema,
  decisionIdSchema,
  freeFormSchema,
  nameSchemas,
  omittedSchema,
  pageOf,
  pageQuery,
  scoreSchema,
  signalIdSchema,
  timestampSchema,
  typeSchema,
} from '../shared/schema/fields.ts';
import {
  DEFAULT_LEASE_SECONDS,
  DEFAULT_MAX_ATTEMPTS,
  finalStatuses,
  MAX_SUBSCRIBERS,
  MAX_SUBSCRIPTIONS,
  MAX_TARGETS,
  MAX_TTL_SECONDS,
  MOST_MAX_ATTEMPTS,
  openStatuses,
  severities,
} from './signal-limits.ts';

const signalTypeSchema = typeSchema.meta({ example: 'WHALE_ACTIVITY' });
const agentParams = z.strictObject({ agentId: agentIdSchema });
const signalParams = z.strictObject({ agentId: agentIdSchema, signalId: signalIdSchema });
const secondsSchema = z.number().int().min(1).max(MAX_TTL_SECONDS);
const leaseIdSchema = z.string().min(1).max(64);

const content = {
  severity: z.enum(severities),
  confidence: scoreSchema,
  data: freeFormSchema,
  context: freeFormSchema.optional(),
  recommendedAction: z.string().min(1).max(1000).optional(),
  maxAttempts: z
    .number()
    .int()
    .min(1)
    .max(MOST_MAX_ATTEMPTS)
    .optional()
    .meta({
      description: `Claims of a delivery before it is FAILED, once the last lease has run out. Default: ${DEFAULT_MAX_ATTEMPTS}.`,
    }),
};

const publishBody = z.strictObject({
  signalType: signalTypeSchema,
  targetAgents: z
    .array(agentIdSchema)
    .min(1)
    .optional()
    .meta({
      description: `At most ${MAX_TARGETS}. Without targets the signal goes to the subscribers of its type, at most ${MAX_SUBSCRIBERS}.`,
    }),
  ...content,
  timestamp: timestampSchema.optional(),
  ttlSeconds: secondsSchema.optional().meta({
    description: `Counted from the write, whatever the timestamp says. Default and most: ${MAX_TTL_SECONDS}.`,
  }),
  clientToken: clientTokenSchema
    .optional()
    .meta({ description: 'Makes a repeat harmless; requires timestamp.' }),
});

const signal = {
  signalId: signalIdSchema,
  signalType: typeSchema,
  sourceAgent: agentIdSchema,
  /** May lie in the past. */
  timestamp: timestampSchema,
  /** Counted from the write, whatever the timestamp says. */
  expiresAt: timestampSchema,
  ...content,
};

export const signalSchema = z.object(signal);

export const publishedSignalSchema = z.object({
  ...signal,
  targetAgents: z
    .array(agentIdSchema)
    .meta({ description: `Its targets, sorted; the first ${MAX_TARGETS} where there are more.` }),
  targetCount: z
    .number()
    .int()
    .min(0)
    .meta({ description: 'The number of targets; 0 when a type had no subscriber.' }),
});

export const signalReceiptSchema = publishedSignalSchema.extend({
  deliveredCount: z
    .number()
    .int()
    .min(0)
    .meta({ description: 'Targets that have it now. The others get it within 20 minutes.' }),
});

const statusSchema = z.enum([...openStatuses, ...finalStatuses]);

const progress = {
  status: statusSchema.meta({
    description: 'PROCESSING past its lease reads as PENDING, or after the last attempt as FAILED.',
  }),
  attempt: z.number().int().min(0).meta({ description: 'How often it was claimed.' }),
  leaseUntil: timestampSchema.optional(),
  processedAt: timestampSchema.optional(),
  decisionId: decisionIdSchema.optional(),
  note: z.string().optional(),
};

export const deliverySchema = z.object({ ...signal, targetAgent: agentIdSchema, ...progress });

const ackBody = z.discriminatedUnion(
  'status',
  [
    z.strictObject({
      status: z.literal('PROCESSING'),
      leaseSeconds: secondsSchema.optional().meta({ description: `Default ${DEFAULT_LEASE_SECONDS}.` }),
      leaseId: leaseIdSchema.optional().meta({
        description:
          "The caller's own id for the claim: sent again, it is the same claim with the same lease. Under an id that the " +
          'service gave, the claim is prolonged.',
      }),
      prolong: z
        .boolean()
        .optional()
        .meta({ description: 'Prolongs the claim under `leaseId`, also one the caller named.' }),
    }),
    z.strictObject({
      status: z.enum(finalStatuses),
      decisionId: decisionIdSchema.optional().meta({ description: 'The decision the signal led to.' }),
      note: z.string().min(1).max(1000).optional(),
      leaseId: leaseIdSchema.optional().meta({
        description: 'Of the claim. Required while a lease is live: only its holder closes the delivery.',
      }),
    }),
  ],
  { error: `must be one of PROCESSING, ${finalStatuses.join(', ')}` },
);

const subscriptions = z.object({ agentId: agentIdSchema, signalTypes: z.array(typeSchema) });

export const signalRoutes = {
  publishSignal: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/signals',
    audience: 'agent',
    summary: 'Tell other agents something: all named targets or none, or every subscriber of the type',
    params: agentParams,
    query: z.strictObject({}),
    body: publishBody,
    response: signalReceiptSchema,
    status: 201,
    errors: ['TooManyTargets', 'IdempotencyMismatch', 'Conflict'],
    example: {
      body: {
        signalType: 'WHALE_ACTIVITY',
        targetAgents: ['risk-manager'],
        severity: 'high',
        confidence: 0.85,
        data: { coin: 'BTC', amountUsd: 4_200_000 },
        recommendedAction: 'REDUCE_EXPOSURE',
      },
    },
  }),
  putSubscriptions: defineRoute({
    method: 'PUT',
    path: '/agents/{agentId}/subscriptions',
    audience: 'agent',
    summary: 'Replace the signal types an agent is subscribed to',
    params: agentParams,
    query: z.strictObject({}),
    body: z.strictObject({ signalTypes: z.array(signalTypeSchema).max(MAX_SUBSCRIPTIONS) }),
    response: subscriptions,
    status: 200,
    errors: ['Conflict'],
    example: { body: { signalTypes: ['WHALE_ACTIVITY'] } },
  }),
  getSubscriptions: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/subscriptions',
    audience: 'agent',
    summary: 'The signal types an agent is subscribed to',
    params: agentParams,
    query: z.strictObject({}),
    response: subscriptions,
    status: 200,
    errors: [],
  }),
  listInbox: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/inbox',
    audience: 'agent',
    summary: 'What an agent was told and has not dealt with; reading takes nothing out',
    params: agentParams,
    query: z.strictObject({
      status: statusSchema
        .optional()
        .meta({ description: 'Without it, what is open: PENDING and PROCESSING.' }),
      signalType: signalTypeSchema.optional(),
      ...pageQuery,
    }),
    response: pageOf(deliverySchema),
    status: 200,
    errors: [],
    example: { query: { status: 'PENDING' } },
  }),
  acknowledgeSignal: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/inbox/{signalId}/ack',
    audience: 'agent',
    summary: 'Claim a delivery for a while, or close it',
    params: signalParams,
    query: z.strictObject({}),
    body: ackBody,
    response: deliverySchema.extend({
      leaseId: leaseIdSchema.optional().meta({ description: 'Of the claim just made.' }),
    }),
    status: 200,
    errors: ['NotFound', 'Conflict'],
    example: { body: { status: 'PROCESSING', leaseSeconds: 60 } },
  }),
  listSentSignals: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/signals/sent',
    audience: 'agent',
    summary: 'What an agent sent and has not expired',
    params: agentParams,
    query: z.strictObject({ ...pageQuery }),
    response: pageOf(publishedSignalSchema),
    status: 200,
    errors: [],
  }),
  getSignal: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/signals/{signalId}',
    audience: 'agent',
    summary: 'One signal and how far each target has come, for its sender and its targets',
    params: signalParams,
    query: z.strictObject({}),
    response: z.object({
      ...signal,
      omitted: omittedSchema,
      deliveries: z.array(
        z.object({ targetAgent: agentIdSchema, ...progress, attempt: progress.attempt.optional() }).meta({
          description: 'A target is shown its own delivery whole and the status of the others.',
        }),
      ),
    }),
    status: 200,
    errors: ['NotFound'],
    omits: { deliveries: 'targetAgent' },
  }),
  listSignalsOfType: defineRoute({
    method: 'GET',
    path: '/signals',
    audience: 'operator',
    summary: 'Deliveries of one signal type across agents',
    params: z.strictObject({}),
    query: z.strictObject({
      signalType: signalTypeSchema,
      from: timestampSchema.optional().meta({ description: 'Inclusive.' }),
      to: timestampSchema.optional().meta({ description: 'Inclusive.' }),
      ...pageQuery,
    }),
    response: pageOf(deliverySchema),
    status: 200,
    errors: [],
    example: { query: { signalType: 'WHALE_ACTIVITY' } },
  }),
};

nameSchemas({
  Severity: content.severity,
  DeliveryStatus: statusSchema,
  NewSignal: publishBody,
  PublishedSignal: publishedSignalSchema,
  Delivery: deliverySchema,
  Acknowledgement: ackBody,
  Subscriptions: subscriptions,
  DeliveryProgress: signalRoutes.getSignal.response.shape.deliveries.element,
});
annotateSchema(publishBody, { dependentRequired: { clientToken: ['timestamp'] } });
