import * as z from 'zod';
import { nameSchemas } from '../shared/schema/fields.ts';
import { canonicalPath } from '../mining/cases/windowed-path.ts';
import type { Comparison, Condition, PatternNumbers, Reference } from '../mining/vocabulary.ts';
import { count, memoryEffectSchema } from './effect-contract.ts';
import { contributorSchema } from './sharing-contract.ts';

export const scalar = z.union([z.string(), z.number(), z.boolean()]);
export const asserts = z.enum(['success', 'failure']);
export const statuses = [
  'hypothesis',
  'candidate',
  'promoted',
  'suspect',
  'retired',
  'dormant',
  'withdrawn',
] as const;

/** Conditions in a request, at most: mining itself combines as many. */
export const MAX_CONDITIONS = 3;

const path = z
  .string()
  .min(1)
  .max(1024)
  .meta({
    description:
      'Dotted path in the context (a literal dot is `\\.`), or `selected`, `action`, `time.hourBucket` ' +
      '(00-06, 06-12, 12-18, 18-24 UTC), `time.weekday` (UTC); or, with op present, `signal.<TYPE>` (within 4 h), ' +
      '`after.<TYPE>.<success|failure|pending>` (the last own decision of the type within 24 h), ' +
      '`after.<agentId>.<TYPE>.<…>` (of an agent whose decisions were parents). Another window is a last segment: ' +
      '`signal.WHALE_ACTIVITY.12h`, `after.RISK_ASSESSMENT.success.30m`.',
    example: 'market.trend',
  });
/** The path in its one spelling, so that the same statement has the same id. */
const statedPath = path.transform((text) => canonicalPath(text));
const bound = z.number().nullable();

export const statedConditionSchema = z.discriminatedUnion('op', [
  z.strictObject({ path: statedPath, op: z.literal('eq'), value: scalar }),
  z.strictObject({ path: statedPath, op: z.literal('contains'), value: scalar }),
  z.strictObject({ path: statedPath, op: z.literal('present') }),
  z.strictObject({
    path: statedPath,
    op: z.literal('in_range'),
    min: bound.default(null).meta({ description: 'Inclusive; null is open.' }),
    max: bound.default(null).meta({ description: 'Exclusive; null is open.' }),
    bin: count.max(100).optional().meta({ description: 'Quantile rank; without it the bounds name it.' }),
  }),
]);

export const conditionSchema = z.discriminatedUnion('op', [
  z.object({ path: z.string(), op: z.literal('eq'), value: scalar }),
  z.object({ path: z.string(), op: z.literal('contains'), value: scalar }),
  z.object({ path: z.string(), op: z.literal('present') }),
  z.object({ path: z.string(), op: z.literal('in_range'), min: bound, max: bound, bin: count.optional() }),
]) satisfies z.ZodType<Condition>;

export const numbers = {
  n: count.meta({ description: 'Resolved decisions the conditions hold for.' }),
  successes: count.meta({ description: 'Successes among them, whatever is asserted.' }),
  rate: z.number().meta({ description: 'Share of the asserted status among n.' }),
  baseline: z.number().meta({ description: 'Share of the asserted status among all of the type.' }),
  lift: z.number().nullable(),
  confidence: z.number().meta({ description: 'Lower 95 % Wilson bound of rate.' }),
  pValue: z.number().meta({ description: 'Largest of the one-sided tests it has to pass; see explain.' }),
  qValue: z
    .number()
    .nullable()
    .meta({ description: 'p corrected for everything tested in the run; null: tested alone.' }),
  recentRate: z.number(),
  recentBaseline: z.number(),
  days: count,
  firstSeen: z.string().nullable(),
  lastSeen: z.string().nullable(),
  heuristicConfidence: z.number().meta({ description: 'The old rule of thumb, for comparison only.' }),
  metrics: z.record(z.string(), z.object({ mean: z.number(), sd: z.number() })),
} satisfies { readonly [Name in keyof PatternNumbers]: z.ZodType<PatternNumbers[Name]> };

const referenceSchema = z
  .object({ since: z.string(), confidence: z.number(), baseline: z.number(), n: count })
  .meta({
    description: 'The promise of its promotion: outcomes after `since` are compared with it.',
  }) satisfies z.ZodType<Reference>;

const driftSchema = z.object({
  statistic: z.number().meta({ description: 'CUSUM on outcome − confidence, in log-likelihood.' }),
  changedAt: z.string().optional(),
});

export const registrationSchema = z
  .object({
    at: z.string().meta({ description: 'When it was stated: only later decisions settle it.' }),
    recordedAt: z
      .string()
      .optional()
      .meta({ description: 'When the service learned of it, if its author named another time.' }),
    restatedAt: z
      .string()
      .optional()
      .meta({ description: 'When it was last stated again after it had been withdrawn.' }),
    until: z.string().meta({ description: 'When it is given up if it is still open.' }),
    n: count,
    successes: count,
    rate: z.number(),
    othersRate: z.number().meta({ description: 'Asserted share among the other decisions since.' }),
    evidence: z
      .number()
      .meta({ description: 'E-value for it: confirmed at `needed`, however often one looks.' }),
    evidenceAgainst: z.number().meta({ description: 'E-value against it: refuted at `needed`.' }),
    needed: z.number(),
  })
  .meta({ description: 'A hypothesis: its numbers since it was stated.' });

export const patternSchema = z.object({
  patternId: z.string(),
  agentId: z.string(),
  decisionType: z.string(),
  asserts,
  conditions: z.array(conditionSchema),
  ...numbers,
  status: z.enum(statuses),
  reason: z.string().meta({ description: 'Why it has the status it has.' }),
  explainedBy: z.string().optional(),
  supersedes: z.string().optional().meta({ description: 'The opposite claim it took the place of.' }),
  supersededBy: z.string().optional().meta({ description: 'The opposite claim that took its place.' }),
  mergedInto: z.string().optional().meta({ description: 'The pattern that says the same and stands.' }),
  sameAs: z
    .array(z.object({ patternId: z.string(), conditions: z.array(conditionSchema) }))
    .optional()
    .meta({ description: 'Other wordings merged into it: they hold for nearly the same decisions.' }),
  reference: referenceSchema.optional(),
  drift: driftSchema.optional(),
  restingConfidence: z
    .number()
    .optional()
    .meta({ description: 'Dormant: the confidence that halves with the age of its evidence.' }),
  changedAsOf: z
    .string()
    .optional()
    .meta({ description: 'asOf of the run that changed it and left it the numbers it had.' }),
  registered: registrationSchema.optional(),
  note: z.string().optional(),
  version: count,
  versionRate: z.number(),
  statusSince: z.string().meta({ description: 'asOf of the run that gave it its status.' }),
  statusRunId: z.string(),
  asOf: z.string().meta({ description: 'End of the window its numbers come from.' }),
  description: z.string(),
  effect: memoryEffectSchema.optional().meta({
    description: 'The effect of using it; absent when no decision in the window says that it used it.',
  }),
  contributors: z.array(contributorSchema).optional().meta({
    description: 'Agents whose decisions are behind a pattern that agents of a type learned together.',
  }),
});

/** A pattern with the gap between it and its promotion. */
export const emergingPatternSchema = patternSchema.extend({
  lacks: z.array(
    z.object({
      criterion: z.string(),
      have: z.number().nullable(),
      need: z.number().nullable().meta({ description: 'Null where it is no matter of a number.' }),
      message: z.string(),
    }),
  ),
  needs: z
    .object({
      decisions: count
        .nullable()
        .meta({ description: 'Decisions like these, in all; null: at its rates never.' }),
      more: count.nullable().meta({ description: 'Of those, still to come.' }),
      power: z
        .number()
        .meta({ description: 'Chance that so many will do, if its rates are what they seem.' }),
    })
    .meta({ description: 'A power computation for its significance and its lower bound.' }),
});

export const explainSchema = z.object({
  comparisons: z.array(
    z.object({
      against: z.enum(['others', 'part', 'same_hours', 'same_days']).meta({
        description:
          'same_hours, same_days: for each signal or sequence among the conditions, decisions that lack just that ' +
          'one, within the same hours of the day and the same days; stratified.',
      }),
      part: z.array(conditionSchema),
      table: z.tuple([z.tuple([count, count]), z.tuple([count, count])]).meta({
        description: 'Rows: with all conditions, compared with. Columns: asserted status, the other.',
      }),
      pValue: z.number(),
    }) satisfies z.ZodType<Comparison>,
  ),
  refutedBy: z.string(),
});

export const versionSchema = z.object({
  version: count,
  status: z.enum(statuses),
  reason: z.string(),
  asOf: z.string(),
  n: count,
  successes: count,
  rate: z.number(),
  baseline: z.number(),
  confidence: z.number(),
  recentRate: z.number(),
  pValue: z.number(),
  qValue: z.number().nullable(),
  supersedes: z.string().optional(),
  supersededBy: z.string().optional(),
  mergedInto: z.string().optional(),
  explainedBy: z.string().optional(),
  contributors: z.array(contributorSchema).optional(),
});

nameSchemas({
  StatedCondition: statedConditionSchema,
  Condition: conditionSchema,
  PatternPromise: referenceSchema,
  PatternDrift: driftSchema,
  HypothesisRecord: registrationSchema,
  Asserts: asserts,
  PatternStatus: patternSchema.shape.status,
  EmergingPattern: emergingPatternSchema,
  Explanation: explainSchema,
  Comparison: explainSchema.shape.comparisons.element,
  PatternVersion: versionSchema,
  MetricSpread: numbers.metrics.valueType,
});
