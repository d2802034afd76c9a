import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import {
  agentIdSchema,
  batchOf,
  decisionIdSchema,
  pageOf,
  pageQuery,
  rowsOf,
  sessionIdSchema,
  spanIdSchema,
  timestampSchema,
  typeSchema,
} from '../shared/schema/fields.ts';
import {
  chainNodeSchema,
  decisionSchema,
  decisionStatusSchema,
  decisionSummarySchema,
  newDecisionSchema,
  newOutcomeSchema,
  outcomeRowSchema,
  recordedOutcomeSchema,
} from './fields.ts';

const agentParams = z.strictObject({ agentId: agentIdSchema });
const decisionParams = z.strictObject({ agentId: agentIdSchema, decisionId: decisionIdSchema });
const noQuery = z.strictObject({});

const exampleDecision = {
  decisionType: 'TRADE_EXECUTION',
  timestamp: '2026-03-01T09:30:00.000Z',
  context: { market: { trend: 'up', volatility: 'low' }, session: 'london' },
  action: 'buy',
  reasoning: { selected: ['limit'], confidence: 0.7 },
  clientToken: 'order-4711',
  trace: { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' },
};
const exampleOutcome = { status: 'success', qualityScore: 0.9, metrics: { returnPct: 1.4 } };
const exampleDecisionId = 'TRADE_EXECUTION-01KJMDZV20R6BZ1E7J5C4D8QXT';

export const decisionRoutes = {
  logDecision: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/decisions',
    audience: 'agent',
    summary: 'Log a decision, with its outcome when that is known already',
    params: agentParams,
    query: noQuery,
    body: newDecisionSchema,
    response: decisionSchema,
    status: 201,
    errors: ['Conflict', 'IdempotencyMismatch'],
    example: { body: exampleDecision },
  }),
  logDecisions: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/decisions/batch',
    audience: 'agent',
    summary: 'Log up to 100 decisions; a bad row fails alone, and a parent may stand earlier in the batch',
    params: agentParams,
    query: noQuery,
    body: z.strictObject({ decisions: rowsOf(newDecisionSchema) }),
    response: batchOf(decisionSchema),
    status: 200,
    errors: [],
    omits: { items: 'decisionId' },
    example: { body: { decisions: [exampleDecision] } },
  }),
  listDecisions: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/decisions',
    audience: 'agent',
    summary: 'Decisions of the agent, newest first; all filters apply together',
    params: agentParams,
    query: z.strictObject({
      decisionType: typeSchema.optional(),
      term: z
        .enum(['stm', 'ltm'])
        .optional()
        .meta({ description: 'Short-term memory is the last 24 hours, long-term memory what is older.' }),
      outcome: decisionStatusSchema.optional(),
      sessionId: sessionIdSchema.optional(),
      from: timestampSchema.optional().meta({ description: 'Inclusive.' }),
      to: timestampSchema.optional().meta({ description: 'Inclusive.' }),
      ...pageQuery,
    }),
    response: pageOf(decisionSummarySchema),
    status: 200,
    errors: [],
    example: { query: { decisionType: 'TRADE_EXECUTION', outcome: 'pending' } },
  }),
  getDecision: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/decisions/{decisionId}',
    audience: 'agent',
    summary: 'Everything about one decision, strongly consistent',
    params: decisionParams,
    query: noQuery,
    response: decisionSchema,
    status: 200,
    errors: ['NotFound'],
  }),
  recordOutcome: defineRoute({
    method: 'PUT',
    path: '/agents/{agentId}/decisions/{decisionId}/outcome',
    audience: 'agent',
    summary:
      'Record what became of a decision, or correct it: the latest counts; the same again changes nothing',
    params: decisionParams,
    query: noQuery,
    body: newOutcomeSchema,
    response: recordedOutcomeSchema,
    status: 200,
    errors: ['NotFound'],
    example: { body: exampleOutcome },
  }),
  recordOutcomeByTrace: defineRoute({
    method: 'PUT',
    path: '/agents/{agentId}/outcomes/by-trace/{spanId}',
    audience: 'agent',
    summary: 'The same for a decision that is known by its span: the one that was logged with it as `trace`',
    params: z.strictObject({ agentId: agentIdSchema, spanId: spanIdSchema }),
    query: noQuery,
    body: newOutcomeSchema,
    response: recordedOutcomeSchema,
    status: 200,
    errors: ['NotFound'],
    example: { body: exampleOutcome },
  }),
  recordOutcomes: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/outcomes/batch',
    audience: 'agent',
    summary: 'Record up to 100 outcomes; a bad row fails alone, rows of one decision apply in their order',
    params: agentParams,
    query: noQuery,
    body: z.strictObject({ outcomes: rowsOf(outcomeRowSchema) }),
    response: batchOf(recordedOutcomeSchema),
    status: 200,
    errors: [],
    omits: { items: 'decisionId' },
    example: { body: { outcomes: [{ decisionId: exampleDecisionId, ...exampleOutcome }] } },
  }),
  getChain: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/decisions/{decisionId}/chain',
    audience: 'agent',
    summary:
      "The whole chain a decision belongs to, as a tree in pre-order; of other agents' decisions only who, what, when and status",
    params: decisionParams,
    query: noQuery,
    response: z.object({
      decisionId: decisionIdSchema,
      root: z.object({ agentId: agentIdSchema, decisionId: decisionIdSchema }),
      items: z.array(chainNodeSchema),
      truncated: z
        .boolean()
        .meta({ description: 'Whether the chain has more than the 200 decisions shown.' }),
      consistency: z.literal('eventual'),
    }),
    status: 200,
    errors: ['NotFound'],
  }),
  listDecisionsOfType: defineRoute({
    method: 'GET',
    path: '/decisions',
    audience: 'operator',
    summary: 'Decisions of one type across agents, newest first; pages may be short',
    params: z.strictObject({}),
    query: z.strictObject({
      decisionType: typeSchema,
      from: timestampSchema
        .optional()
        .meta({ description: 'Inclusive. Default: a day before `to`; at most 31 days.' }),
      to: timestampSchema.optional().meta({ description: 'Inclusive. Default: now.' }),
      ...pageQuery,
    }),
    response: pageOf(decisionSummarySchema),
    status: 200,
    errors: [],
    example: { query: { decisionType: 'TRADE_EXECUTION' } },
  }),
};
