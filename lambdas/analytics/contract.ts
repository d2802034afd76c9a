import * as z from 'zod';
import { asserts, emergingPatternSchema, scalar } from '../patterns/pattern-contract.ts';
import { boundsSchema, count, intervalSchema, memoryEffectSchema } from '../patterns/effect-contract.ts';
import { defineRoute } from '../shared/http/contract.ts';
import type { ReadonlyDeep } from '../shared/schema/readonly-deep.ts';
import {
  agentIdSchema,
  decisionIdSchema,
  nameSchemas,
  omittedSchema,
  pageOf,
  pageQuery,
  patternIdSchema,
  queryIntegerSchema,
  timestampSchema,
  typeSchema,
} from '../shared/schema/fields.ts';

const agent = z.strictObject({ agentId: agentIdSchema });

/** At most a year: decisions are kept 90 days from their write, but may be older than that. */
const windowDays = queryIntegerSchema(1, 366).optional();

const rangeQuery = {
  from: timestampSchema.optional().meta({ description: 'Inclusive. Not beside windowDays.' }),
  to: timestampSchema.optional().meta({ description: 'Inclusive. Default now.' }),
  windowDays: windowDays.meta({ description: 'Days before `to`. Default 30.', example: 30 }),
};

const rateSchema = z.object({
  n: count.meta({ description: 'Decisions with an outcome that counts.' }),
  successes: count,
  rate: z.number().nullable().meta({ description: 'Null where n is 0.' }),
  interval: intervalSchema,
  pending: count.meta({ description: 'Without an outcome yet; not in n.' }),
  voided: count.meta({ description: 'Not in n.' }),
});
const rate = rateSchema.shape;
/** How often decisions succeeded, and how sure that is. */
export type Rate = ReadonlyDeep<z.output<typeof rateSchema>>;

const part = z.discriminatedUnion('op', [
  z.object({ op: z.literal('eq'), value: scalar, ...rate }),
  z.object({ op: z.literal('contains'), value: scalar, ...rate }),
  z.object({
    op: z.literal('in_range'),
    min: z.number().nullable().meta({ description: 'Inclusive; null is open.' }),
    max: z.number().nullable().meta({ description: 'Exclusive; null is open.' }),
    ...rate,
  }),
  z.object({ op: z.literal('present'), ...rate }),
  z.object({ op: z.literal('absent'), ...rate }).meta({ description: 'Decisions without the path.' }),
]);

const difference = { difference: z.number(), interval: boundsSchema };

const rangeSchema = z.object({ from: z.string(), to: z.string().meta({ description: 'Inclusive.' }) });
export type Range = Readonly<z.output<typeof rangeSchema>>;

const comparedRateSchema = z.object({
  current: rateSchema,
  previous: rateSchema,
  change: z
    .object(difference)
    .nullable()
    .meta({ description: 'Current minus previous, 95 % (Newcombe); null where either has no outcome.' }),
});
export type ComparedRate = ReadonlyDeep<z.output<typeof comparedRateSchema>>;

export const analyticsRoutes = {
  getSuccessRate: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/success-rate',
    audience: 'agent',
    summary: 'How often its decisions succeeded, by type and by the values of any path, with 95 % intervals',
    params: agent,
    query: z.strictObject({
      decisionType: typeSchema.optional().meta({ description: 'Default all.' }),
      ...rangeQuery,
      path: z.string().min(1).max(1024).optional().meta({
        description: 'As in the conditions of patterns: `market.trend`, `action`, `time.weekday`, …',
        example: 'market.trend',
      }),
      value: z.string().max(1024).optional().meta({
        description: 'Only this value of the path; a number or a boolean by its JSON text.',
      }),
    }),
    response: z.object({
      agentId: agentIdSchema,
      ...rangeSchema.shape,
      totals: rateSchema,
      types: z.array(z.object({ decisionType: z.string(), ...rate })),
      items: z.array(part).meta({
        description:
          'By value of the path, most decisions first; numbers with many values by quartile. An array counts ' +
          'under each of its values.',
      }),
      omitted: omittedSchema,
      truncated: z.boolean().meta({ description: 'There are more values than the 32 commonest.' }),
    }),
    status: 200,
    errors: [],
    omits: { types: 'decisionType' },
    example: { query: { decisionType: 'SIGNAL_GENERATION', path: 'market.trend' } },
  }),
  getMemoryEffect: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/memory-effect',
    audience: 'agent',
    summary: 'Did memory help? Success with and without each pattern in the same situation, with intervals',
    params: agent,
    query: z.strictObject({
      decisionType: typeSchema.optional(),
      patternId: patternIdSchema.optional(),
      asOf: timestampSchema.optional().meta({ description: 'Default now.' }),
      windowDays: windowDays.meta({ description: 'Default 90, as the nightly run.', example: 90 }),
    }),
    response: z.object({
      agentId: agentIdSchema,
      asOf: z.string(),
      windowDays: count,
      overall: memoryEffectSchema.meta({
        description:
          'Decisions that used any pattern of their situation against those in the same situations that used none.',
      }),
      omitted: omittedSchema,
      items: z
        .array(
          memoryEffectSchema.extend({
            patternId: z.string(),
            decisionType: z.string(),
            asserts,
            status: z.string(),
            description: z.string(),
            verdict: z.enum(['worse', 'better', 'unclear']).meta({
              description:
                'Of applying it, at 1 % over all looks together. A pattern that made things worse is demoted by the nightly run.',
            }),
          }),
        )
        .meta({ description: 'Patterns some decision names, most applied first.' }),
    }),
    status: 200,
    errors: [],
    omits: { items: 'patternId' },
  }),
  listEmergingPatterns: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/emerging-patterns',
    audience: 'agent',
    summary: 'Candidates and hypotheses, nearest to promotion first, with what each lacks',
    params: agent,
    query: z.strictObject({ decisionType: typeSchema.optional(), ...pageQuery }),
    response: pageOf(emergingPatternSchema),
    status: 200,
    errors: [],
  }),
  getReport: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/report',
    audience: 'agent',
    summary:
      'A day or a week of an agent: success and its change, open outcomes, what was learned and unlearned',
    params: agent,
    query: z.strictObject({
      period: z.enum(['daily', 'weekly']).optional().meta({ description: 'Default daily.' }),
      date: z.iso
        .date()
        .refine((date) => date >= '2000', 'must not be before 2000')
        .optional()
        .meta({
          description:
            'A UTC day of the period (weeks begin on Monday). Default: the last period that is over.',
          example: '2026-03-01',
          pattern: '^[2-9]\\d{3}-',
        }),
    }),
    response: z.object({
      agentId: agentIdSchema,
      period: z.enum(['daily', 'weekly']),
      date: z.string(),
      current: rangeSchema,
      previous: rangeSchema,
      complete: z.boolean().meta({ description: 'True when the period is over.' }),
      totals: comparedRateSchema.meta({ description: 'Each period as it was known at its end.' }),
      types: z.array(z.object({ decisionType: z.string(), ...comparedRateSchema.shape })),
      open: z
        .object({
          n: count,
          oldest: z.array(
            z.object({ decisionId: decisionIdSchema, decisionType: typeSchema, timestamp: z.string() }),
          ),
        })
        .meta({ description: 'Decisions of the last 90 days without an outcome for more than a day.' }),
      patterns: z
        .array(
          z.object({
            patternId: z.string(),
            decisionType: z.string(),
            status: z.string(),
            reason: z.string(),
            asOf: z.string(),
            version: count,
            description: z.string().meta({ description: 'As it is now.' }),
          }),
        )
        .meta({ description: 'Changes of status by runs of the period, oldest first.' }),
      memory: memoryEffectSchema.meta({ description: 'Overall, over the 90 days before the end.' }),
      emerging: z
        .array(emergingPatternSchema)
        .nullable()
        .meta({ description: 'The nearest; null unless the agent’s last run lies in the period.' }),
      omitted: omittedSchema,
      truncated: z
        .boolean()
        .meta({ description: 'Only the newest decisions were read for `open` and `memory`.' }),
    }),
    status: 200,
    errors: [],
    omits: { patterns: 'patternId', types: 'decisionType' },
    example: { query: { period: 'weekly' } },
  }),
  compareAgents: defineRoute({
    method: 'GET',
    path: '/success-rate',
    audience: 'operator',
    summary:
      'Agents beside each other: whose decisions of a type succeeded more often. Not who decides better: agents meet other situations',
    params: z.strictObject({}),
    query: z.strictObject({
      decisionType: typeSchema,
      agentIds: z
        .string()
        .max(20 * 129)
        .transform((text) => text.split(','))
        .pipe(
          z
            .array(agentIdSchema)
            .min(2)
            .max(20)
            .refine((ids) => new Set(ids).size === ids.length, 'must name each agent once'),
        )
        .meta({
          description: '2 to 20 ids, separated by commas.',
          example: 'market-hunter,risk-manager',
          pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}(,[A-Za-z0-9][A-Za-z0-9._-]{0,127}){1,19}$',
        }),
      ...rangeQuery,
    }),
    response: z.object({
      decisionType: z.string(),
      ...rangeSchema.shape,
      items: z.array(
        z.object({
          agentId: agentIdSchema,
          ...rate,
          againstOthers: z
            .object({
              ...difference,
              pValue: z.number().meta({ description: 'Fisher’s exact test, two-sided.' }),
              adjustedP: z.number().meta({ description: 'Adjusted for the agents compared (Holm).' }),
            })
            .nullable()
            .meta({ description: 'Against all others together; null where either side has no outcome.' }),
        }),
      ),
    }),
    status: 200,
    errors: [],
    example: { query: { decisionType: 'SIGNAL_GENERATION', agentIds: 'market-hunter,risk-manager' } },
  }),
};

type Answer<Name extends keyof typeof analyticsRoutes> = ReadonlyDeep<
  z.output<(typeof analyticsRoutes)[Name]['response']>
>;
type Query<Name extends keyof typeof analyticsRoutes> = Readonly<
  z.output<(typeof analyticsRoutes)[Name]['query']>
>;

export type RangeRequest = Partial<Range> & { readonly windowDays?: number };
export type SuccessRateRequest = Query<'getSuccessRate'>;
export type SuccessRateAnswer = Answer<'getSuccessRate'>;
/** The rate of the decisions with one value of a path. */
export type Part = SuccessRateAnswer['items'][number];
export type MemoryEffectRequest = Query<'getMemoryEffect'>;
export type EmergingRequest = Query<'listEmergingPatterns'>;
export type AgentReport = Answer<'getReport'>;
export type OpenDecision = AgentReport['open']['oldest'][number];
/** A change of a pattern's status. */
export type PatternEvent = AgentReport['patterns'][number];
export type ComparisonRequest = Query<'compareAgents'>;
export type ComparisonAnswer = Answer<'compareAgents'>;
export type ComparedAgent = ComparisonAnswer['items'][number];

nameSchemas({
  SuccessRate: rateSchema,
  SuccessRatePart: part,
  DateRange: rangeSchema,
  ComparedSuccessRate: comparedRateSchema,
  AgentReport: analyticsRoutes.getReport.response,
});
