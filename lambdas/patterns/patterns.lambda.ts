import { featureWindows } from '../cases/feature-windows.ts';
import { RunLedger } from '../consolidation/run-ledger.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, type EnvironmentOf, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { composePatterns } from './compose.ts';
import { patternRoutes } from './contract.ts';
import { patternLifecycle } from './lifecycle/lifecycle-settings.ts';
import { toShown, toTrialAnswer } from './views.ts';

const environment = {
  AUTH_MODE: authMode,
  DECISIONS_TABLE: resourceName,
  STATE_TABLE: resourceName,
  MEMORY_TABLE: resourceName,
  FEATURE_WINDOWS: featureWindows,
  PATTERN_LIFECYCLE: patternLifecycle,
};
type Environment = EnvironmentOf<typeof environment>;
/** Without settings, the defaults apply. */
export type PatternsEnvironment = Omit<Environment, 'FEATURE_WINDOWS' | 'PATTERN_LIFECYCLE'> &
  Partial<Environment>;

export function createPatternsHandler(runtime: Runtime, env: PatternsEnvironment) {
  const tables = openTables(runtime, env);
  const services = composePatterns(runtime, tables, new RunLedger(tables.state), {
    windows: env.FEATURE_WINDOWS,
    lifecycle: env.PATTERN_LIFECYCLE,
  });
  const { catalog, evidence, hypotheses, listing, sharing, shown, trial } = services;
  return createHttpHandler(runtime, env.AUTH_MODE, patternRoutes, {
    listPatterns: ({ params, query }) => listing.list(params.agentId, query),
    getPattern: ({ params: { agentId, patternId }, query: { owner = agentId } }) =>
      owner === agentId ? catalog.get(agentId, patternId) : listing.offered(agentId, owner, patternId),
    statePattern: ({ params, body }) => hypotheses.state(params.agentId, params.patternId, body),
    withdrawPattern: ({ params }) => hypotheses.withdraw(params.agentId, params.patternId),
    listEvidence: ({ params, query }) => evidence.list(params.agentId, params.patternId, query),
    matchPatterns: async ({ params, body }) => toShown(await shown.show(params.agentId, body)),
    getSharing: ({ params }) => sharing.get(params.agentId, params.patternId),
    putSharing: ({ params, body }) =>
      sharing.put(params.agentId, params.patternId, body.with, body.expectedVersion),
    testPattern: async ({ params, body }) =>
      toTrialAnswer(body.decisionType, await trial.test(params.agentId, body)),
  });
}

export const handler = createPatternsHandler(createRuntime('patterns'), readEnvironment(environment));
