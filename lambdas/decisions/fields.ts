import * as z from 'zod';
import {
  agentIdSchema,
  annotateSchema,
  clientTokenSchema,
  decisionIdSchema,
  exposureIdSchema,
  freeFormSchema,
  nameSchemas,
  numbersSchema,
  patternIdSchema,
  scoreSchema,
  sessionIdSchema,
  signalIdSchema,
  tagsSchema,
  timestampSchema,
  traceSchema,
  typeSchema,
} from '../shared/schema/fields.ts';
import { newTradeSchema, providersSchema, tradeSchema } from './trade.ts';

/** The fields of a decision: as it is sent, as it is read, as a list shows it. */
const shortText = z.string().min(1).max(256);
/** A free-form map as it is read. It was checked when it came in. */
const storedMapSchema = z.record(z.string(), z.unknown());
export const decisionStatusSchema = z.enum(['pending', 'success', 'failure', 'voided']);

const reasoningSchema = z.strictObject({
  scores: numbersSchema.optional(),
  selected: z.array(shortText).max(100).optional(),
  memoryInfluenced: z.boolean().optional(),
  patternsApplied: z.array(patternIdSchema).max(100).optional(),
  exploration: z.boolean().optional(),
  confidence: scoreSchema.optional(),
});

const outcomeFields = {
  status: z.enum(['success', 'failure', 'voided']),
  qualityScore: scoreSchema.optional(),
  latencyMs: z.number().min(0).optional(),
  errors: z.array(z.string().min(1).max(2048)).max(50).optional(),
  metrics: numbersSchema.optional(),
  trade: tradeSchema.optional(),
  provider: shortText.optional().meta({ description: 'Whose advice was followed.' }),
  providers: providersSchema
    .optional()
    .meta({ description: 'Several that advised it, with their votes; `provider` alone voted for it.' }),
  regime: shortText.optional().meta({ description: 'The market it was made in.', example: 'bull' }),
  tags: tagsSchema.optional(),
  trace: traceSchema.optional().meta({ description: 'Where the outcome was observed.' }),
};

const occurredAtSchema = timestampSchema.meta({
  description:
    'When the outcome became known, not before the decision. Default: now; with a new decision, its timestamp.',
});

export const newOutcomeSchema = z.strictObject({
  ...outcomeFields,
  trade: newTradeSchema.optional(),
  occurredAt: occurredAtSchema.optional(),
});

export const outcomeRowSchema = newOutcomeSchema.extend({ decisionId: decisionIdSchema });

const decisionFields = {
  context: freeFormSchema.meta({ description: 'What the agent knew. Nightly mining reads its paths.' }),
  agentVersion: shortText.optional(),
  sessionId: sessionIdSchema.optional(),
  action: shortText.optional(),
  triggeredBySignals: z.array(signalIdSchema).max(20).optional(),
  exposureId: exposureIdSchema
    .optional()
    .meta({ description: 'Of the answer (`patterns/match`) the decision was made with.' }),
  tags: tagsSchema.optional(),
  trace: traceSchema.optional().meta({
    description: 'Where the decision was made. Its span names no other decision of the agent.',
  }),
};

export const newDecisionSchema = z
  .strictObject({
    decisionType: typeSchema,
    timestamp: timestampSchema.optional(),
    ...decisionFields,
    reasoning: reasoningSchema.optional(),
    outcome: newOutcomeSchema.optional(),
    parent: z
      .strictObject({ agentId: agentIdSchema.optional(), decisionId: decisionIdSchema })
      .optional()
      .meta({
        description: "The decision this one follows from; another agent's is named with its agentId.",
      }),
    clientToken: clientTokenSchema.optional().meta({
      description:
        'Makes the write idempotent, together with decisionType and timestamp, which it requires. The id is then a ' +
        'function of these and the agent.',
    }),
  })
  .refine(({ clientToken, timestamp }) => clientToken === undefined || timestamp !== undefined, {
    path: ['timestamp'],
    message: 'is required with a clientToken',
  });

export const outcomeSchema = z.object({
  ...outcomeFields,
  /** UTC ISO-8601 in milliseconds. */
  occurredAt: z.string(),
});

export const referenceSchema = z.object({ agentId: agentIdSchema, decisionId: decisionIdSchema });

const identityFields = {
  agentId: agentIdSchema,
  decisionId: decisionIdSchema,
  decisionType: typeSchema,
  timestamp: z.string(),
};

const outcomeRevisionSchema = z.number().int().meta({
  description: 'How many outcomes were put, the same again not counted; only the latest counts.',
});

export const decisionSchema = z.object({
  ...identityFields,
  ...decisionFields,
  context: storedMapSchema,
  status: decisionStatusSchema,
  reasoning: reasoningSchema.optional(),
  outcome: outcomeSchema.optional(),
  outcomeRevision: outcomeRevisionSchema,
  /** Copied from the exposure, so that the decision alone says which patterns were in view when it was made. */
  patternsShown: z.array(patternIdSchema).optional().meta({ description: 'Patterns the exposure showed.' }),
  parent: referenceSchema.optional(),
  root: referenceSchema.optional().meta({ description: 'First decision of its chain.' }),
  depth: z.number().int().meta({ description: 'Place in its chain; 1 without a parent.' }),
  loggedAt: z.string().meta({ description: 'Retention counts from here, 90 days.' }),
});

export const recordedOutcomeSchema = z.object({
  ...identityFields,
  status: decisionStatusSchema,
  outcome: outcomeSchema,
  outcomeRevision: outcomeRevisionSchema,
});

export const decisionSummarySchema = z.object({
  ...identityFields,
  status: decisionStatusSchema,
  action: shortText.optional(),
  qualityScore: scoreSchema.optional(),
  confidence: scoreSchema.optional(),
  sessionId: sessionIdSchema.optional(),
  tags: tagsSchema.optional(),
});

export const chainNodeSchema = decisionSummarySchema.extend({
  depth: z.number().int().meta({ description: 'Place in the tree; a node follows its parent.' }),
  parent: referenceSchema.optional(),
});

nameSchemas({
  DecisionStatus: decisionStatusSchema,
  OutcomeStatus: outcomeFields.status,
  Reasoning: reasoningSchema,
  NewOutcome: newOutcomeSchema,
  NewOutcomeOfDecision: outcomeRowSchema,
  NewDecision: newDecisionSchema,
  Outcome: outcomeSchema,
  DecisionReference: referenceSchema,
  Decision: decisionSchema,
  RecordedOutcome: recordedOutcomeSchema,
  DecisionSummary: decisionSummarySchema,
  ChainNode: chainNodeSchema,
});
annotateSchema(newDecisionSchema, { dependentRequired: { clientToken: ['timestamp'] } });
