import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import {
  agentIdSchema,
  freeFormSchema,
  nameSchemas,
  omittedSchema,
  pageOf,
  pageQuery,
  patternIdSchema,
  queryScoreSchema,
  scoreSchema,
  timestampSchema,
  typeSchema,
} from '../shared/schema/fields.ts';
import { count } from './effect-contract.ts';
import { hypothesisBody } from './hypothesis-contract.ts';
import { ownerSchema } from '../shared/schema/owners.ts';
import {
  asserts,
  statuses,
  MAX_CONDITIONS,
  statedConditionSchema,
  conditionSchema,
  numbers,
  patternSchema,
  explainSchema,
  versionSchema,
} from './pattern-contract.ts';
import {
  offeredFields,
  provenanceSchema,
  scopeSchema,
  sharingRoutes,
  offerVerdictSchema,
} from './sharing-contract.ts';

const agent = z.strictObject({ agentId: agentIdSchema });
const pattern = z.strictObject({ agentId: agentIdSchema, patternId: patternIdSchema });

/** A pattern of the agent's own, or one that others offer it. */
const listedPatternSchema = patternSchema.extend(offeredFields);

/** Ids that begin with `PATTERN-` are computed. */
const ownPatternIdSchema = patternIdSchema.meta({
  example: 'trend-is-a-friend',
  not: { pattern: '^PATTERN-' },
});

export const patternRoutes = {
  listPatterns: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/patterns',
    audience: 'agent',
    summary: 'Patterns of the agent, highest confidence first',
    params: agent,
    query: z.strictObject({
      status: z
        .enum([...statuses, 'all'])
        .optional()
        .meta({ description: 'Default promoted.' }),
      scope: scopeSchema,
      decisionType: typeSchema.optional(),
      asserts: asserts.optional(),
      minConfidence: queryScoreSchema.optional(),
      ...pageQuery,
    }),
    response: pageOf(listedPatternSchema),
    status: 200,
    errors: [],
  }),
  getPattern: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/patterns/{patternId}',
    audience: 'agent',
    summary: 'One pattern with its proof, and its versions newest first',
    params: pattern,
    query: z.strictObject({
      owner: ownerSchema
        .optional()
        .meta({ description: 'Its owner, when another one offers it. Default the agent itself.' }),
    }),
    response: patternSchema.extend({
      ...offeredFields,
      explain: explainSchema,
      trend: z.array(versionSchema),
      omitted: omittedSchema,
      provenance: provenanceSchema
        .optional()
        .meta({ description: 'On patterns of others: the newest decisions behind it, at most 50.' }),
    }),
    status: 200,
    errors: ['NotFound'],
    omits: { trend: 'version' },
  }),
  statePattern: defineRoute({
    method: 'PUT',
    path: '/agents/{agentId}/patterns/{patternId}',
    audience: 'agent',
    summary:
      'States a hypothesis under an id of your own: tested alone every night, on decisions from now on',
    params: z.strictObject({ agentId: agentIdSchema, patternId: ownPatternIdSchema }),
    query: z.strictObject({}),
    body: hypothesisBody,
    response: patternSchema.extend({ explain: explainSchema }),
    status: 200,
    errors: ['Conflict'],
    example: {
      body: {
        decisionType: 'SIGNAL_GENERATION',
        asserts: 'success',
        conditions: [{ path: 'market.trend', op: 'eq', value: 'up' }],
        action: 'long',
        note: 'The trend is a friend.',
      },
    },
  }),
  withdrawPattern: defineRoute({
    method: 'DELETE',
    path: '/agents/{agentId}/patterns/{patternId}',
    audience: 'agent',
    summary:
      'Withdraws an open hypothesis: no night tests it any more, and it can still be read. Stating it again resumes it',
    params: pattern,
    query: z.strictObject({}),
    response: patternSchema.extend({ explain: explainSchema }),
    status: 200,
    errors: ['NotFound', 'Conflict'],
  }),
  listEvidence: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/patterns/{patternId}/evidence',
    audience: 'agent',
    summary: "The decisions behind a pattern's numbers, newest first; then digests of those since expired",
    params: pattern,
    query: z.strictObject(pageQuery),
    response: pageOf(
      z.object({
        decisionId: z.string(),
        timestamp: z.string(),
        status: asserts,
        action: z.string().optional(),
        source: z.enum(['decision', 'digest']),
      }),
    ),
    status: 200,
    errors: ['NotFound'],
  }),
  matchPatterns: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/patterns/match',
    audience: 'agent',
    summary:
      'A situation in, the promoted patterns that apply out, best lower bound first; then what others offer',
    params: agent,
    query: z.strictObject({}),
    body: z.strictObject({
      decisionType: typeSchema.optional(),
      context: freeFormSchema,
      action: z.string().min(1).max(128).optional(),
      selected: z.array(z.string().min(1).max(128)).max(100).optional(),
      signals: z
        .array(typeSchema)
        .max(100)
        .optional()
        .meta({
          description:
            'Types of the signals the agent knows of. Default: those it has seen, each within the window of the ' +
            'pattern that asks.',
        }),
      preceding: z
        .array(
          z.strictObject({
            agentId: agentIdSchema.optional().meta({ description: 'Default the agent itself.' }),
            decisionType: typeSchema,
            status: z.enum(['success', 'failure', 'pending']),
          }),
        )
        .max(100)
        .optional()
        .meta({
          description:
            'Earlier decisions: the last ones of a type, with their known outcomes. Default: looked up where a pattern ' +
            'needs them.',
        }),
      timestamp: timestampSchema.optional().meta({ description: 'Default now; hour and weekday count.' }),
      maxResults: z.number().int().min(1).max(100).optional().meta({ description: 'Default 20.' }),
      record: z.boolean().optional().meta({
        description: 'Default true: what is shown is recorded, for decisions to name. False: only looking.',
      }),
    }),
    response: z.object({
      items: z.array(
        z.object({
          patternId: z.string(),
          decisionType: z.string(),
          asserts,
          conditions: z.array(conditionSchema),
          n: count,
          successes: count,
          rate: z.number(),
          baseline: z.number(),
          confidence: z.number(),
          recentRate: z.number(),
          description: z.string(),
          version: count,
          asOf: z.string(),
          owner: offeredFields.owner,
          standing: offerVerdictSchema
            .optional()
            .meta({ description: "On patterns of others; confirmed: the agent's own outcomes agree." }),
        }),
      ),
      omitted: omittedSchema,
      exposureId: z.string().nullable().meta({
        description:
          'For the `exposureId` of decisions made with this answer; null when nothing was shown or recorded.',
      }),
    }),
    status: 200,
    errors: [],
    omits: { items: 'patternId' },
    example: { body: { decisionType: 'SIGNAL_GENERATION', context: { market: { trend: 'up' } } } },
  }),
  testPattern: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/patterns/test',
    audience: 'agent',
    summary: 'Conditions in, the numbers out; nothing is stored',
    params: agent,
    query: z.strictObject({}),
    body: z.strictObject({
      decisionType: typeSchema,
      asserts,
      conditions: z.array(statedConditionSchema).min(1).max(MAX_CONDITIONS),
      asOf: timestampSchema.optional().meta({ description: 'Default now.' }),
      windowDays: z.number().int().min(1).max(365).optional().meta({ description: 'Default 90.' }),
    }),
    response: z.object({
      patternId: z.string(),
      decisionType: z.string(),
      asserts,
      conditions: z.array(conditionSchema),
      asOf: z.string(),
      windowDays: count,
      resolved: count.meta({ description: 'Resolved decisions of the type in the window.' }),
      ...numbers,
      confidence: scoreSchema,
      significant: z
        .boolean()
        .meta({ description: 'p ≤ 0.05, tested alone: stated before it was looked for.' }),
      description: z.string(),
      explain: explainSchema,
    }),
    status: 200,
    errors: [],
    example: {
      body: {
        decisionType: 'SIGNAL_GENERATION',
        asserts: 'success',
        conditions: [{ path: 'market.trend', op: 'eq', value: 'up' }],
      },
    },
  }),
  ...sharingRoutes,
};

nameSchemas({
  Pattern: listedPatternSchema,
  ExplainedPattern: patternRoutes.getPattern.response,
  StatedPattern: patternRoutes.statePattern.response,
  Evidence: patternRoutes.listEvidence.response.shape.items.element,
  MatchRequest: patternRoutes.matchPatterns.body!,
  MatchedPattern: patternRoutes.matchPatterns.response.shape.items.element,
  TestedPattern: patternRoutes.testPattern.response,
});
