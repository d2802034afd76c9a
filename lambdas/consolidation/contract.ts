import * as z from 'zod';
import { defineRoute } from '../shared/http/contract.ts';
import type { AgeingReport } from '../memories/ageing/report.ts';
import { ageingReportSchema } from '../memories/ageing/report-schema.ts';
import {
  agentIdSchema,
  clientTokenSchema,
  nameSchemas,
  pageOf,
  pageQuery,
  runIdSchema,
  timestampSchema,
} from '../shared/schema/fields.ts';

const count = z.number().int().nonnegative();

/** Sums over the agents of a run. */
const totalsSchema = z.object({
  decisions: count,
  resolved: count,
  tested: count,
  promoted: count,
  updated: count,
  demoted: count,
  memoriesPruned: count,
  memoriesCompressed: count,
  readUnits: z.number(),
  writeUnits: z.number(),
});

const nearestSchema = z.object({
  decisionType: z.string(),
  patternId: z.string(),
  description: z.string(),
  reason: z.string(),
  n: count,
  rate: z.number(),
  baseline: z.number(),
  pValue: z.number(),
  qValue: z.number().nullable(),
});

/** The report of a run on one decision type of one agent. */
const typeReportSchema = z.object({
  decisionType: z.string(),
  // Decisions read in the window, and those of them whose outcome counts.
  decisions: count,
  resolved: count,
  tested: count,
  promoted: count,
  updated: count,
  demoted: count,
  // Reports from before they were counted lack `retired` and `confidence`.
  retired: count.optional().meta({ description: 'Of those demoted.' }),
  confidence: z
    .number()
    .nullable()
    .optional()
    .meta({ description: 'Mean confidence of the promoted patterns after the run; null without any.' }),
  dropped: count.meta({ description: 'Candidates that no longer made the cut and were deleted.' }),
  truncated: z.boolean().meta({ description: 'Only the newest decisions were read.' }),
  // Context paths with more values than are tested.
  truncatedPaths: z.array(z.string()),
  limits: z
    .object({
      notInTriples: count.meta({ description: 'Values tested alone and in pairs only: the rarest.' }),
      notCompared: count.meta({ description: 'Significant conjunctions beyond the strongest 1,000.' }),
      notTaken: count.meta({ description: 'Values at paths beyond the first 500,000.' }),
    })
    .optional()
    .meta({ description: 'What was left out because there was too much of it; absent: nothing.' }),
  rejected: z.record(z.string(), count).meta({ description: 'Tested conjunctions by what they failed.' }),
  // The best of the conjunctions that were not promoted.
  nearest: z.array(nearestSchema),
});

const agentReportSchema = z.object({
  dryRun: z.boolean().meta({ description: 'asOf lies before the last run: nothing was stored.' }),
  totals: totalsSchema,
  pages: count,
  durationMs: z.number(),
  // Absent for a pool.
  rolledUpDays: count
    .optional()
    .meta({ description: 'Days whose results changed and were counted anew, for performance.' }),
  types: z.array(typeReportSchema),
  memories: ageingReportSchema.optional().meta({ description: 'Absent for a pool, which has none.' }),
});

const agentResultSchema = z.object({
  agentId: z
    .string()
    .meta({ description: 'An agent, or `type:` and an agent type: what its agents know together.' }),
  result: z.enum(['CONSOLIDATED', 'SKIPPED', 'FAILED']),
  finishedAt: z.string(),
  // Why it failed, one line.
  error: z.string().optional(),
  report: agentReportSchema.optional(),
});

export type RunTotals = Readonly<z.output<typeof totalsSchema>>;
export type Nearest = Readonly<z.output<typeof nearestSchema>>;
export type TypeReport = Readonly<z.output<typeof typeReportSchema>>;
export type AgentReport = Readonly<Omit<z.output<typeof agentReportSchema>, 'memories'>> & {
  readonly memories?: AgeingReport;
};
export type AgentResult = Readonly<Omit<z.output<typeof agentResultSchema>, 'report'>> & {
  readonly report?: AgentReport;
};

const runFields = {
  runId: z.string(),
  status: z.enum(['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED']),
  trigger: z.enum(['schedule', 'operator', 'agent']),
  agentId: z.string().optional().meta({ description: 'Only this agent; absent: all.' }),
  asOf: z.string(),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  progress: z.object({
    expected: count.nullable().meta({
      description: 'Agents, and agent types with a run of their own; null until all have been planned.',
    }),
    consolidated: count,
    skipped: count,
    failed: count,
  }),
};

const runSchema = z.object({ ...runFields, report: z.object({ totals: totalsSchema }) });

export type RunView = Readonly<z.output<typeof runSchema>>;

const asOf = timestampSchema.optional().meta({
  description: 'Look at the world as of then; default now. Before the last run: reported, not stored.',
  example: '2026-03-01T02:00:00.000Z',
});

const clientToken = clientTokenSchema.optional().meta({
  description: 'A repeat gets the run of the first request, as it is by then, for 90 days.',
});

export const consolidationRoutes = {
  startAgentRun: defineRoute({
    method: 'POST',
    path: '/agents/{agentId}/consolidations',
    audience: 'agent',
    summary:
      "Consolidate this agent's decisions now; without `asOf`, requests while a run waits become that run, which " +
      'looks at the newest',
    params: z.strictObject({ agentId: agentIdSchema }),
    query: z.strictObject({}),
    body: z.strictObject({ asOf, clientToken }),
    response: runSchema,
    status: 202,
    errors: ['NotFound', 'IdempotencyMismatch'],
    example: { body: {} },
  }),
  startRun: defineRoute({
    method: 'POST',
    path: '/consolidations',
    audience: 'operator',
    summary: 'Consolidate one agent, or all',
    params: z.strictObject({}),
    query: z.strictObject({}),
    body: z.strictObject({ agentId: agentIdSchema.optional(), asOf, clientToken }),
    response: runSchema,
    status: 202,
    errors: ['IdempotencyMismatch'],
    example: { body: { asOf: '2026-03-01T02:00:00.000Z' } },
  }),
  listRuns: defineRoute({
    method: 'GET',
    path: '/consolidations',
    audience: 'operator',
    summary: 'Runs of the last 90 days, newest first',
    params: z.strictObject({}),
    query: z.strictObject(pageQuery),
    response: pageOf(runSchema),
    status: 200,
    errors: [],
  }),
  getRun: defineRoute({
    method: 'GET',
    path: '/consolidations/{runId}',
    audience: 'operator',
    summary: 'One run with its report; the agents in pages',
    params: z.strictObject({ runId: runIdSchema }),
    query: z.strictObject(pageQuery),
    response: z.object({
      ...runFields,
      report: z.object({ totals: totalsSchema, agents: z.array(agentResultSchema) }),
      nextToken: z.string().nullable(),
    }),
    status: 200,
    errors: ['NotFound'],
  }),
};

nameSchemas({
  RunStatus: runFields.status,
  RunTotals: totalsSchema,
  NearestCandidate: nearestSchema,
  TypeReport: typeReportSchema,
  AgentRunReport: agentReportSchema,
  AgentRunResult: agentResultSchema,
  RunProgress: runFields.progress,
  Run: runSchema,
});
