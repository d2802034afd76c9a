import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import {
  agentIdSchema,
  freeFormSchema,
  nameSchemas,
  sessionIdSchema,
  timestampSchema,
  typeSchema,
} from '../shared/schema/fields.ts';
import { ownerSchema } from '../shared/schema/owners.ts';
import { roles, sessionStatuses } from '../sessions/session-limits.ts';
import { openStatuses, severities } from '../signals/signal-limits.ts';
import { DEFAULT_BUDGETS } from './budget.ts';
import { degradable } from './degradations.ts';

/** 0 switches a part off. More than any model's window is a mistake. */
const budget = (tokens: number) => z.number().int().min(0).max(100_000).default(tokens);

const tokens = z.number().int().nonnegative();
const share = z.number().min(0).max(1);
const cut = z.boolean().meta({ description: 'True when it was cut, at a sentence where there is one.' });
const ref = z.string().meta({ description: 'Its mark in `text`.', example: 'd1' });
const shown = z.string().meta({ description: 'As shown: control sequences neutralized.' });

const request = z.strictObject({
  sessionId: sessionIdSchema.optional(),
  situation: freeFormSchema
    .optional()
    .meta({ description: "Features of now, as a decision's context will have them." }),
  query: z.string().min(1).max(4_000).optional().meta({
    description: "The question, in words. Default: the session's topic and the user's newest messages.",
  }),
  decisionType: typeSchema.optional(),
  budgets: z
    .strictObject({
      immediate: budget(DEFAULT_BUDGETS.immediate),
      relevant: budget(DEFAULT_BUDGETS.relevant),
      insights: budget(DEFAULT_BUDGETS.insights),
    })
    .default(DEFAULT_BUDGETS)
    .meta({
      description:
        'Tokens of each part. Tokens one part leaves go to the next: immediate, relevant, insights, signals. Waiting ' +
        'signals may take a tenth of the sum ahead of that, out of `immediate`.',
    }),
  record: z
    .boolean()
    .default(true)
    .meta({ description: 'True records what is shown, so that decisions can name it by `exposureId`.' }),
});

export type ContextRequest = z.output<typeof request>;

const immediate = z.object({
  sessionId: sessionIdSchema,
  status: z.enum(sessionStatuses),
  topic: z.string().optional(),
  userId: z.string().optional(),
  summary: z.object({ text: shown, throughSeq: z.number().int(), cut }).nullable().meta({
    description:
      'Of the messages up to `throughSeq`. Null while there is none; then more messages are shown.',
  }),
  messages: z
    .array(
      z.object({
        seq: z.number().int(),
        role: z.enum(roles),
        content: shown,
        createdAt: timestampSchema,
        cut,
      }),
    )
    .meta({ description: 'Oldest first. The newest got in first.' }),
  omitted: z.number().int().meta({ description: 'Messages that were read and did not fit.' }),
});

const relevant = z.object({
  ref,
  kind: z.enum(['decision', 'memory', 'session']),
  id: z.string().meta({ description: 'decisionId, memoryId or sessionId; of equal decisions, the newest.' }),
  agentId: agentIdSchema,
  timestamp: timestampSchema,
  text: shown,
  cut,
  score: share.meta({ description: 'relevance × recency × outcome.' }),
  why: z.object({
    relevance: share.meta({
      description: 'Share of the words and features asked that it has; rare ones count more.',
    }),
    recency: share.meta({ description: '1 now, ½ after seven days.' }),
    outcome: share.meta({ description: 'Success 1, failure 0.8, open 0.5.' }),
  }),
  endings: z
    .object({ success: tokens, failure: tokens, unknown: tokens })
    .meta({ description: 'How often the same action in the same context ended in each way.' }),
});

const insight = z.object({
  ref,
  advice: z.enum(['repeat', 'avoid']),
  patternId: z.string(),
  decisionType: typeSchema,
  n: tokens,
  rate: share,
  confidence: share.meta({ description: 'Lower 95 % bound of the rate.' }),
  baseline: share,
  version: z.number().int(),
  owner: ownerSchema.optional().meta({ description: 'The agent that learned it, when that is another one.' }),
  standing: z.enum(['unconfirmed', 'confirmed', 'contradicted']).optional(),
  text: shown,
});

const signal = z.object({
  ref,
  signalId: z.string(),
  signalType: typeSchema,
  sourceAgent: agentIdSchema,
  severity: z.enum(severities),
  confidence: share,
  status: z.enum(openStatuses),
  timestamp: timestampSchema,
  expiresAt: timestampSchema,
  text: shown,
  cut,
});

export const contextRoutes = {
  assembleContext: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/context',
    audience: 'agent',
    summary: 'The context to put in front of a model now, within a budget of tokens',
    params: z.strictObject({ agentId: agentIdSchema }),
    query: z.strictObject({}),
    body: request,
    response: z.object({
      agentId: agentIdSchema,
      asOf: timestampSchema,
      text: z.string().meta({ description: 'All parts in one, ready to be put in front of a model.' }),
      tokens: z
        .object({
          immediate: tokens,
          relevant: tokens,
          insights: tokens,
          signals: tokens,
          total: tokens.meta({ description: 'Of `text`. Never above `budget`.' }),
          budget: tokens,
        })
        .meta({ description: 'An upper bound of what cl100k_base and o200k_base count.' }),
      immediate: immediate.nullable(),
      relevant: z.array(relevant).meta({ description: 'At most 10 of the last seven days, best first.' }),
      insights: z
        .array(insight)
        .meta({ description: 'Promoted patterns that hold now: actions to repeat and to avoid.' }),
      signals: z.array(signal).meta({
        description:
          'The newest 200 that wait for the agent, the most severe first. Where more wait, `degraded` says so.',
      }),
      degraded: z.array(z.enum(degradable)).meta({
        description:
          'Parts that failed, were late, or are incomplete: `signals` when more than 200 wait, `sessions` when there ' +
          'were more in seven days than are read, `summary` when messages lie between it and the newest.',
      }),
      exposureId: z.string().nullable().meta({
        description:
          'For the decisions made with this in view. Null when nothing was shown or recorded, or `degraded` names it.',
      }),
    }),
    status: 200,
    errors: [],
    example: {
      body: {
        situation: { market: { trend: 'up' } },
        query: 'Is a long position worth it now?',
        decisionType: 'SIGNAL_GENERATION',
        budgets: { immediate: 2000, relevant: 500, insights: 200 },
      },
    },
  }),
};

nameSchemas({
  ContextRequest: request,
  Context: contextRoutes.assembleContext.response,
  ImmediateContext: immediate,
  RelevantEntry: relevant,
  InsightEntry: insight,
  SignalEntry: signal,
});
