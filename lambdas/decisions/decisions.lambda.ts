import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { AgentRegistry } from '../agents/agent-registry.ts';
import { runBatch } from '../shared/http/batch.ts';
import { ExposureLog } from '../exposures/exposure-log.ts';
import { ChangedDays } from './changed-days.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { createRuntime, type Runtime, openTables } from '../shared/platform/runtime.ts';
import { logLines, metricNames } from '../shared/schema/metrics.ts';
import { DeliveryLookup } from '../signals/delivery-lookup.ts';
import { SeenSignals } from '../signals/seen-signals.ts';
import { decisionRoutes } from './contract.ts';
import type { Decision } from './decision.ts';
import { DecisionChain } from './decision-chain.ts';
import { countsOf } from './decision-counts.ts';
import { DecisionIntake } from './decision-intake.ts';
import { DecisionList } from './decision-list.ts';
import { DecisionLog } from './decision-log.ts';
import { newDecisionSchema, outcomeRowSchema } from './fields.ts';
import { OutcomeRecorder } from './outcome-recorder.ts';

export interface DecisionsEnvironment {
  readonly AUTH_MODE: 'iam' | 'none';
  readonly DECISIONS_TABLE: string;
  readonly STATE_TABLE: string;
  readonly SIGNALS_TABLE: string;
}

export function createDecisionsHandler(runtime: Runtime, environment: DecisionsEnvironment) {
  const { randomPart, logger, metrics } = runtime;
  const tables = openTables(runtime, environment);
  const registry = new AgentRegistry(tables.state);
  const seen = new SeenSignals(tables.state);
  const triggers = new DeliveryLookup(tables.signals, seen);
  const log = new DecisionLog(tables.decisions);
  const exposures = new ExposureLog(tables.state);
  const changedDays = new ChangedDays(tables.state);
  const intake = new DecisionIntake({
    table: tables.decisions,
    randomPart,
    log,
    registry,
    changedDays,
    triggers,
    exposures,
  });
  const outcomes = new OutcomeRecorder(tables.decisions, log, registry, changedDays);
  const chain = new DecisionChain(tables.decisions, log);
  const list = new DecisionList(tables.decisions, log);
  const noteLogged = (decisions: readonly Decision[]) => {
    metrics.addMetric(metricNames.decisionsLogged, MetricUnit.Count, decisions.length);
    for (const counts of countsOf(decisions)) logger.info(logLines.decisionsLogged, { ...counts });
    noteOutcomes(decisions.filter(({ outcome }) => outcome));
  };
  const noteOutcomes = (outcomes: readonly Pick<Decision, 'decisionType' | 'status'>[]) => {
    for (const { status } of outcomes)
      if (status !== 'voided')
        metrics.addMetric(metricNames.outcomeSucceeded, MetricUnit.Count, status === 'success' ? 1 : 0);
    for (const counts of countsOf(outcomes)) logger.info(logLines.outcomesRecorded, { ...counts });
  };

  return createHttpHandler(runtime, environment.AUTH_MODE, decisionRoutes, {
    logDecision: async ({ params, body }) => {
      const decision = await intake.log(params.agentId, body);
      noteLogged([decision]);
      return decision;
    },
    logDecisions: async ({ params, body }) => {
      const answer = await runBatch({
        schema: newDecisionSchema,
        rows: body.decisions,
        // The first of the rows with a token is the one the others are held against.
        keyOf: ({ clientToken }) => clientToken,
        run: (row) => intake.log(params.agentId, row),
        logger,
      });
      noteLogged(answer.items);
      return answer;
    },
    listDecisions: ({ params, query }) => list.ofAgent(params.agentId, query),
    getDecision: ({ params }) => log.get(params.agentId, params.decisionId),
    recordOutcome: async ({ params, body }) => {
      const recorded = await outcomes.record(params.agentId, params.decisionId, body);
      noteOutcomes([recorded]);
      return recorded;
    },
    recordOutcomes: async ({ params, body }) => {
      const answer = await runBatch({
        schema: outcomeRowSchema,
        rows: body.outcomes,
        keyOf: ({ decisionId }) => decisionId,
        run: ({ decisionId, ...outcome }) => outcomes.record(params.agentId, decisionId, outcome),
        logger,
      });
      noteOutcomes(answer.items);
      return answer;
    },
    getChain: ({ params }) => chain.of(params.agentId, params.decisionId),
    listDecisionsOfType: ({ query }) => list.ofType(query),
  });
}

export const handler = createDecisionsHandler(
  createRuntime('decisions'),
  readEnvironment({
    AUTH_MODE: authMode,
    DECISIONS_TABLE: resourceName,
    STATE_TABLE: resourceName,
    SIGNALS_TABLE: resourceName,
  }),
);
