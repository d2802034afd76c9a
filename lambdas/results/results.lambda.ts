import { AgentRegistry } from '../agents/agent-registry.ts';
import { type FeatureWindows, featureWindows, miningSettings } from '../cases/feature-windows.ts';
import { WindowCases } from '../cases/window-cases.ts';
import { DecisionLog } from '../decisions/decision-log.ts';
import { DecisionWindow } from '../decisions/decision-window.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { createRuntime, type Runtime, openTables } from '../shared/platform/runtime.ts';
import { SeenSignals } from '../signals/seen-signals.ts';
import { performanceRoutes } from './contract.ts';
import { DayResults } from './day-results.ts';
import { Ensemble } from './ensemble.ts';
import { PastCases } from './past-cases.ts';
import { PerformanceReport } from './results-report.ts';
import { ResultReader } from './result-reader.ts';
import { RollupStore } from './rollup-store.ts';
import { SimilarDecisions } from './similar-decisions.ts';
import { Snapshots } from './snapshots.ts';
import { ChangedDays } from '../decisions/changed-days.ts';

const environment = {
  AUTH_MODE: authMode,
  DECISIONS_TABLE: resourceName,
  STATE_TABLE: resourceName,
  MEMORY_TABLE: resourceName,
  FEATURE_WINDOWS: featureWindows,
};
export interface PerformanceEnvironment {
  readonly AUTH_MODE: 'iam' | 'none';
  readonly DECISIONS_TABLE: string;
  readonly STATE_TABLE: string;
  readonly MEMORY_TABLE: string;
  /** @default 4 h for signals, 24 h for sequences */
  readonly FEATURE_WINDOWS?: FeatureWindows;
}

export function createPerformanceHandler(runtime: Runtime, env: PerformanceEnvironment) {
  const { clock } = runtime;
  const tables = openTables(runtime, env);
  const window = new DecisionWindow(tables.decisions);
  const registry = new AgentRegistry(tables.state);
  const results = new DayResults(registry, window);
  const settings = miningSettings(env.FEATURE_WINDOWS);
  const cases = new WindowCases(window, new SeenSignals(tables.state), settings);
  const changedDays = new ChangedDays(tables.state);
  const reader = new ResultReader(changedDays, results, new RollupStore(tables.memory), clock);
  const report = new PerformanceReport(reader, results, cases, clock);
  const ensemble = new Ensemble(reader, clock);
  const snapshots = new Snapshots(tables.memory, reader);
  const log = new DecisionLog(tables.decisions);
  const past = new PastCases(log, window, settings);
  const similar = new SimilarDecisions(past, log, registry, settings);
  return createHttpHandler(runtime, env.AUTH_MODE, performanceRoutes, {
    getPerformance: ({ params, query }) => report.of(params.agentId, query),
    getProviderWeights: ({ params, query }) => ensemble.weights(params.agentId, query),
    createSnapshot: ({ params, body }) => snapshots.create(params.agentId, body),
    listSnapshots: ({ params, query }) => snapshots.list(params.agentId, query),
    findSimilar: ({ params, body }) => similar.find(params.agentId, body),
  });
}

export const handler = createPerformanceHandler(createRuntime('performance'), readEnvironment(environment));
