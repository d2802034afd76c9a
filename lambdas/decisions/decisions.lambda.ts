import { runBatch } from '../shared/http/batch.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { exposureRoutes } from '../exposures/contract.ts';
import { viewOf } from '../exposures/exposure.ts';
import { authMode, type EnvironmentOf, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { DeliveryLookup } from '../signals/delivery-lookup.ts';
import { SeenSignals } from '../signals/seen-signals.ts';
import { composeDecisions } from './compose.ts';
import { decisionRoutes } from './contract.ts';
import { DecisionMetrics } from './decision-metrics.ts';
import { newDecisionSchema, outcomeRowSchema } from './fields.ts';

const environment = {
  AUTH_MODE: authMode,
  DECISIONS_TABLE: resourceName,
  STATE_TABLE: resourceName,
  SIGNALS_TABLE: resourceName,
};
export type DecisionsEnvironment = EnvironmentOf<typeof environment>;

export function createDecisionsHandler(runtime: Runtime, env: DecisionsEnvironment) {
  const { randomPart, logger, metrics } = runtime;
  const tables = openTables(runtime, env);
  const triggers = new DeliveryLookup(tables.signals, new SeenSignals(tables.state));
  const { log, traces, intake, outcomes, chain, list, exposures } = composeDecisions(
    tables,
    triggers,
    randomPart,
  );
  const counts = new DecisionMetrics(metrics, logger);

  const record = async (...given: Parameters<typeof outcomes.record>) => {
    const { recorded, isNew } = await outcomes.record(...given);
    if (isNew) counts.noteOutcomes([recorded]);
    return recorded;
  };

  return createHttpHandler(
    runtime,
    env.AUTH_MODE,
    { ...decisionRoutes, ...exposureRoutes },
    {
      logDecision: async ({ params, body }) => {
        const decision = await intake.log(params.agentId, body);
        counts.noteLogged([decision]);
        return decision;
      },
      logDecisions: async ({ params, body }) => {
        const answer = await runBatch({
          schema: newDecisionSchema,
          rows: body.decisions,
          // Of the rows with the same token, the first is logged and the others are compared with it.
          keyOf: ({ clientToken }) => clientToken,
          run: (row) => intake.log(params.agentId, row),
          logger,
        });
        counts.noteLogged(answer.items);
        return answer;
      },
      listDecisions: ({ params, query }) => list.ofAgent(params.agentId, query),
      getDecision: ({ params }) => log.get(params.agentId, params.decisionId),
      recordOutcome: ({ params, body }) => record(params.agentId, params.decisionId, body),
      recordOutcomeByTrace: async ({ params: { agentId, spanId }, body }) => {
        const { decisionId } = await traces.find(agentId, spanId);
        return record(agentId, decisionId, body);
      },
      recordOutcomes: async ({ params, body }) => {
        const answer = await runBatch({
          schema: outcomeRowSchema,
          rows: body.outcomes,
          keyOf: ({ decisionId }) => decisionId,
          run: ({ decisionId, ...outcome }) => outcomes.record(params.agentId, decisionId, outcome),
          logger,
        });
        counts.noteOutcomes(answer.items.filter(({ isNew }) => isNew).map(({ recorded }) => recorded));
        return { ...answer, items: answer.items.map(({ recorded }) => recorded) };
      },
      getChain: ({ params }) => chain.get(params.agentId, params.decisionId),
      listDecisionsOfType: ({ query }) => list.ofType(query),
      getExposure: async ({ params }) => viewOf(await exposures.get(params.agentId, params.exposureId)),
    },
  );
}

export const handler = createDecisionsHandler(createRuntime('decisions'), readEnvironment(environment));
