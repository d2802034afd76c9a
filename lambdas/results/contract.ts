import * as z from 'zod';
import { intervalSchema } from '../patterns/effect-contract.ts';
import { defineRoute } from '../shared/http/contract.ts';
import { agentIdSchema, listPattern, nameSchemas, queryIntegerSchema } from '../shared/schema/fields.ts';
import { similarRoutes } from './similar-contract.ts';
import { snapshotRoutes } from './snapshots/snapshot-contract.ts';

const count = z.number().int().nonnegative();
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const agent = z.strictObject({ agentId: agentIdSchema });
const nullable = z.number().nullable();

const windowDays = queryIntegerSchema(1, 36_500)
  .optional()
  .meta({ description: 'UTC days of the decisions’ timestamps, today included. Default 30.', example: 90 });

const by = { by: z.string() };

const partSchema = z.discriminatedUnion('op', [
  z.object({ ...by, op: z.literal('eq'), value: scalar }),
  z.object({ ...by, op: z.literal('contains'), value: scalar }),
  z.object({
    ...by,
    op: z.literal('in_range'),
    min: nullable.meta({ description: 'Inclusive; null is open.' }),
    max: nullable.meta({ description: 'Exclusive; null is open.' }),
  }),
  z.object({ ...by, op: z.literal('present') }),
  z.object({ ...by, op: z.literal('absent') }).meta({ description: 'Decisions without it.' }),
  z.object({ ...by, op: z.literal('others') }).meta({ description: 'All beyond the 500 commonest.' }),
]);

const pnlSchema = z
  .object({
    n: count.meta({ description: 'Decisions with a pnl.' }),
    total: z.number(),
    mean: nullable,
    median: nullable.meta({ description: 'Exact up to 256 values, within 1 % of the value beyond.' }),
    deviation: nullable.meta({ description: 'Sample standard deviation; null below two.' }),
    lowerQuartile: nullable,
    upperQuartile: nullable,
    best: nullable,
    worst: nullable,
    profitFactor: nullable.meta({ description: 'Gained ÷ lost; null where nothing was lost.' }),
    averageGain: nullable,
    averageLoss: nullable.meta({ description: 'Above 0.' }),
    expectancy: nullable.meta({
      description: 'Share of gains × average gain − share of losses × average loss: what one more may bring.',
    }),
    expectancyRatio: nullable.meta({ description: 'Expectancy in average losses (R).' }),
  })
  .nullable()
  .meta({
    description:
      'Of `trade.pnl`, else of what its prices say, else of `metrics.pnl`; null where no decision has one.',
  });

const figures = {
  n: count.meta({ description: 'Decisions with an outcome that counts.' }),
  successes: count,
  rate: nullable.meta({ description: 'Null where n is 0.' }),
  interval: intervalSchema,
  voided: count.meta({ description: 'Not in n.' }),
  open: count.meta({ description: 'With an outcome whose trade is still held; not in n.' }),
  pending: count.meta({ description: 'Without an outcome; not in n.' }),
  pnl: pnlSchema,
  streaks: z.object({
    longestWon: count,
    longestLost: count,
    current: z.object({ status: z.enum(['success', 'failure']), length: count }).nullable(),
  }),
};

const range = {
  from: z.string().meta({ description: 'First UTC day.' }),
  to: z.string().meta({ description: 'Last UTC day: today.' }),
};

const uncountedDays = count.meta({
  description:
    'Days that changed since the last nightly run and hold more decisions than are counted while a caller waits ' +
    '(100,000 together): what the run before knew of them is shown.',
});

const names = (text: string): string[] => text.split(',');
const unique = (all: readonly string[]): boolean => new Set(all).size === all.length;

export type EarningsFigures = Readonly<NonNullable<z.output<typeof pnlSchema>>>;
export type TallyFigures = Readonly<z.output<z.ZodObject<typeof figures>>>;
/** The decisions that a group holds, by one of the things it is grouped by. */
export type Part = Readonly<z.output<typeof partSchema>>;

export const resultsRoutes = {
  getPerformance: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/performance',
    audience: 'agent',
    summary: 'What works and what it earned, by provider, regime, symbol, decision type or any context path',
    params: agent,
    query: z.strictObject({
      groupBy: z
        .string()
        .max(2049)
        .transform(names)
        .pipe(
          z
            .array(z.string().min(1).max(1024))
            .max(2, 'takes one or two, separated by a comma')
            .refine(unique, 'must name two different things'),
        )
        .optional()
        .meta({
          description:
            'One or two of `provider`, `regime`, `symbol`, `decisionType`, and paths as in the conditions of ' +
            'patterns (`market.trend`, `action`, `time.weekday`). Default: totals alone.',
          pattern: listPattern(1024, 2),
          example: 'provider,regime',
        }),
      windowDays,
    }),
    response: z.object({
      agentId: agentIdSchema,
      ...range,
      totals: z.object(figures),
      items: z
        .array(
          z.object({
            group: z.array(partSchema).meta({ description: 'In the order of `groupBy`.' }),
            ...figures,
            contribution: nullable.meta({ description: 'Share of the pnl of all decisions.' }),
            against: z
              .object({ n: count, failures: count })
              .optional()
              .meta({ description: 'By provider: decisions it advised against, and those that failed.' }),
          }),
        )
        .meta({
          description:
            'Most resolved decisions first. A decision counts under each provider that was for it, and each value of an array.',
        }),
      truncated: z.boolean().meta({ description: 'There are more groups than the 100 shown.' }),
      uncountedDays,
    }),
    status: 200,
    errors: [],
    example: { query: { groupBy: 'provider,regime', windowDays: '90' } },
  }),
  getProviderWeights: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/provider-weights',
    audience: 'agent',
    summary: 'How much each provider’s vote should count, from how often it was right',
    params: agent,
    query: z.strictObject({
      regime: z
        .string()
        .min(1)
        .max(256)
        .optional()
        .meta({ description: 'As in it. Default: everywhere.', example: 'bull' }),
      windowDays,
      providers: z
        .string()
        .max(50 * 257)
        .transform(names)
        .pipe(z.array(z.string().min(1).max(256)).max(50).refine(unique, 'must name each provider once'))
        .optional()
        .meta({
          description: 'These and no others, also those never heard of. Default: all that advised.',
          pattern: listPattern(256, 50),
        }),
    }),
    response: z.object({
      agentId: agentIdSchema,
      ...range,
      regime: z.string().nullable(),
      items: z
        .array(
          z.object({
            provider: z.string(),
            weight: z.number(),
            n: count.meta({
              description: 'Resolved decisions it was for or against, in the regime asked for.',
            }),
            right: count.meta({ description: 'Successes it was for, failures it was against.' }),
            rate: nullable,
            interval: intervalSchema,
            expectedError: z.number().meta({ description: 'Share it is expected to get wrong, shrunk.' }),
          }),
        )
        .meta({
          description:
            'Heaviest first; the weights sum to their number. weight ∝ 1 ÷ expectedError, within `least` and `most`; ' +
            'expectedError = (wrong + k·prior) ÷ (n + k), k = `priorTrades`, prior: the error of all providers, ' +
            'and in a regime that of the provider everywhere.',
        }),
      settings: z.object({ priorTrades: z.number(), least: z.number(), most: z.number() }),
      uncountedDays,
    }),
    status: 200,
    errors: [],
    example: { query: { regime: 'bull' } },
  }),
  ...snapshotRoutes,
  ...similarRoutes,
};

export type ResultsRequest = Readonly<z.output<typeof resultsRoutes.getPerformance.query>>;
export type ResultsAnswer = Readonly<z.output<typeof resultsRoutes.getPerformance.response>>;
export type WeightsRequest = Readonly<z.output<typeof resultsRoutes.getProviderWeights.query>>;

nameSchemas({
  ResultPart: partSchema,
  ProfitAndLoss: pnlSchema.unwrap(),
  Streaks: figures.streaks,
  ResultFigures: resultsRoutes.getPerformance.response.shape.totals,
  ResultGroup: resultsRoutes.getPerformance.response.shape.items.element,
  ProviderWeight: resultsRoutes.getProviderWeights.response.shape.items.element,
});
