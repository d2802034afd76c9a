import { featureWindows } from '../cases/feature-windows.ts';
import { RunLedger } from '../consolidation/run-ledger.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, type EnvironmentOf, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { composeAnalytics } from './compose.ts';
import { analyticsRoutes } from './contract.ts';

const environment = {
  AUTH_MODE: authMode,
  DECISIONS_TABLE: resourceName,
  STATE_TABLE: resourceName,
  MEMORY_TABLE: resourceName,
  FEATURE_WINDOWS: featureWindows,
};
type Environment = EnvironmentOf<typeof environment>;
/** Without settings, the defaults apply. */
export type AnalyticsEnvironment = Omit<Environment, 'FEATURE_WINDOWS'> & Partial<Environment>;

export function createAnalyticsHandler(runtime: Runtime, env: AnalyticsEnvironment) {
  const tables = openTables(runtime, env);
  const services = composeAnalytics(runtime, tables, new RunLedger(tables.state), env.FEATURE_WINDOWS);
  const { comparison, effects, emerging, reports, successRates } = services;
  return createHttpHandler(runtime, env.AUTH_MODE, analyticsRoutes, {
    getSuccessRate: ({ params, query }) => successRates.measure(params.agentId, query),
    getMemoryEffect: ({ params, query }) => effects.measure(params.agentId, query),
    listEmergingPatterns: ({ params, query }) => emerging.list(params.agentId, query),
    getReport: ({ params, query }) => reports.report(params.agentId, query.period ?? 'daily', query.date),
    compareAgents: ({ query }) => comparison.compare(query),
  });
}

export const handler = createAnalyticsHandler(createRuntime('analytics'), readEnvironment(environment));
