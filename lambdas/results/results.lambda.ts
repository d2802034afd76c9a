import { featureWindows } from '../cases/feature-windows.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, type EnvironmentOf, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { composeResults } from './compose.ts';
import { resultsRoutes } from './contract.ts';

const environment = {
  AUTH_MODE: authMode,
  DECISIONS_TABLE: resourceName,
  STATE_TABLE: resourceName,
  MEMORY_TABLE: resourceName,
  FEATURE_WINDOWS: featureWindows,
};
type Environment = EnvironmentOf<typeof environment>;
/** @default for FEATURE_WINDOWS: 4 h for signals, 24 h for sequences */
export type ResultsEnvironment = Omit<Environment, 'FEATURE_WINDOWS'> &
  Partial<Pick<Environment, 'FEATURE_WINDOWS'>>;

export function createResultsHandler(runtime: Runtime, env: ResultsEnvironment) {
  const tables = openTables(runtime, env);
  const { report, ensemble, snapshots, similar } = composeResults(tables, env.FEATURE_WINDOWS);
  return createHttpHandler(runtime, env.AUTH_MODE, resultsRoutes, {
    getPerformance: ({ params, query }) => report.reportFor(params.agentId, query),
    getProviderWeights: ({ params, query }) => ensemble.weights(params.agentId, query),
    createSnapshot: ({ params, body }) => snapshots.create(params.agentId, body),
    listSnapshots: ({ params, query }) => snapshots.list(params.agentId, query),
    findSimilar: ({ params, body }) => similar.find(params.agentId, body),
  });
}

export const handler = createResultsHandler(createRuntime('performance'), readEnvironment(environment));
