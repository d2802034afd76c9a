import * as z from 'zod';
import { intervalSchema } from '../../patterns/effect-contract.ts';
import { defineRoute } from '../../shared/http/contract.ts';
import {
  agentIdSchema,
  clientTokenSchema,
  nameSchemas,
  pageOf,
  pageQuery,
} from '../../shared/schema/fields.ts';

const count = z.number().int().nonnegative();
const nullable = z.number().nullable();
const agent = z.strictObject({ agentId: agentIdSchema });
const period = z
  .enum(['day', 'week', 'month', 'quarter'])
  .meta({ description: 'In UTC. Weeks begin on Monday.', example: 'quarter' });

const day = z.iso
  .date()
  .refine((date) => date >= '2000' && date < '3000', 'must lie between 2000 and 2999')
  .meta({ example: '2026-01-01', pattern: '^2\\d{3}-' });

const definitionFields = {
  startingValue: z
    .number()
    .positive()
    .max(1e15)
    .meta({ description: 'Value of the portfolio at the beginning of `since`. Default 10,000.' }),
  returnBasis: z.enum(['compounding', 'fixed']).meta({
    description:
      'What a day’s return is a share of: the value of the evening before (default), or the starting value.',
  }),
  annualization: z.union([z.literal(365), z.literal(252)]).meta({
    description:
      'Days of a year. With 252, Saturdays and Sundays are no days, and what they brought counts on the Monday ' +
      'after. Default 365.',
  }),
  deviation: z.enum(['sample', 'population']).meta({ description: 'Divides by n − 1 (default), or by n.' }),
  riskFreeRate: z
    .number()
    .gt(-1)
    .max(10)
    .meta({ description: 'Yearly, as a share; per day (1 + r)^(1 ÷ annualization) − 1. Default 0.' }),
};

const snapshotSchema = z.object({
  snapshotId: z.string(),
  agentId: agentIdSchema,
  period,
  from: z.string().meta({ description: 'First UTC day.' }),
  to: z.string().meta({ description: 'Last UTC day.' }),
  complete: z.boolean().meta({ description: 'Whether the period is over; if not, all is up to today.' }),
  computedAt: z.string(),
  openingValue: z.number(),
  finalValue: z.number(),
  days: count.meta({ description: 'Days with a return: all of the period, or its weekdays.' }),
  totalReturn: nullable.meta({ description: 'finalValue ÷ openingValue − 1, a share.' }),
  annualizedReturn: nullable.meta({ description: '(1 + totalReturn)^(annualization ÷ days) − 1.' }),
  sharpe: nullable.meta({
    description: 'Mean excess daily return ÷ its deviation × √annualization; null where undefined.',
  }),
  sortino: nullable.meta({
    description: 'The same ÷ root mean square of what fell below the risk-free return, over all days.',
  }),
  calmar: nullable.meta({ description: 'annualizedReturn ÷ maxDrawdownPct; null without a drawdown.' }),
  maxDrawdown: z
    .number()
    .meta({ description: 'Largest fall from the highest value so far, evening to evening.' }),
  maxDrawdownPct: nullable.meta({ description: 'The same as a share of that highest value.' }),
  trades: count.meta({ description: 'Decisions that closed in the period and have a pnl.' }),
  closed: count.meta({ description: 'Decisions that closed in the period, with or without a pnl.' }),
  wins: count.meta({ description: 'Of these, with the status success.' }),
  winRate: nullable.meta({ description: 'wins ÷ closed.' }),
  winRateInterval: intervalSchema,
  profitFactor: nullable,
  expectancy: nullable.meta({ description: 'Quote currency a trade.' }),
  definitions: z.object({
    ...definitionFields,
    since: z.string().meta({ description: 'The day at whose beginning it had its starting value.' }),
  }),
  uncountedDays: count.meta({ description: 'As in performance.' }),
});

export type Snapshot = Readonly<z.output<typeof snapshotSchema>>;

export const snapshotRoutes = {
  createSnapshot: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/snapshots',
    audience: 'agent',
    summary: 'What the portfolio did in a period: return, Sharpe, Sortino, Calmar, drawdown, trades',
    params: agent,
    query: z.strictObject({}),
    body: z.strictObject({
      period,
      date: day.optional().meta({ description: 'A day of the period. Default today.' }),
      since: day.optional().meta({
        description: 'From when on results are added to `startingValue`. Default: the period’s first day.',
      }),
      startingValue: definitionFields.startingValue.optional(),
      returnBasis: definitionFields.returnBasis.optional(),
      annualization: definitionFields.annualization.optional(),
      deviation: definitionFields.deviation.optional(),
      riskFreeRate: definitionFields.riskFreeRate.optional(),
      clientToken: clientTokenSchema.optional().meta({
        description:
          'A repeat gets the first answer, for 90 days; without one it computes the snapshot again.',
      }),
    }),
    response: snapshotSchema,
    status: 201,
    errors: ['IdempotencyMismatch'],
    example: { body: { period: 'quarter', date: '2026-01-01', startingValue: 10_000 } },
  }),
  listSnapshots: defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/snapshots',
    audience: 'agent',
    summary: 'Snapshots that were made, those of the latest periods first',
    params: agent,
    query: z.strictObject({ period: period.optional(), ...pageQuery }),
    response: pageOf(snapshotSchema),
    status: 200,
    errors: [],
    example: { query: { period: 'quarter' } },
  }),
};

export type SnapshotRequest = Readonly<z.output<NonNullable<typeof snapshotRoutes.createSnapshot.body>>>;
export type SnapshotListRequest = Readonly<z.output<typeof snapshotRoutes.listSnapshots.query>>;

nameSchemas({
  Snapshot: snapshotSchema,
  NewSnapshot: snapshotRoutes.createSnapshot.body!,
});
