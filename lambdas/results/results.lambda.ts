import { AgentRegistry } from '../agents/agent-registry.ts';
import { type FeatureWindows, featureWindows, miningSettings } from '../cases/feature-windows.ts';
import { WindowCases } from '../cases/window-cases.ts';
import { DecisionWindow } from '../decisions/decision-window.ts';
import { RecentDecisions } from '../decisions/recent-decisions.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
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
  const { documents, clock } = runtime;
  const window = new DecisionWindow(documents, env.DECISIONS_TABLE, clock);
  const registry = new AgentRegistry(documents, env.STATE_TABLE, clock);
  const results = new DayResults(registry, window);
  const settings = miningSettings(env.FEATURE_WINDOWS);
  const cases = new WindowCases(window, new SeenSignals(documents, env.STATE_TABLE, clock), settings);
  const changedDays = new ChangedDays(documents, env.STATE_TABLE, clock);
  const reader = new ResultReader(changedDays, results, new RollupStore(documents, env.MEMORY_TABLE), clock);
  const report = new PerformanceReport(reader, results, cases, clock);
  const ensemble = new Ensemble(reader, clock);
  const snapshots = new Snapshots(documents, env.MEMORY_TABLE, reader, clock);
  const recent = new RecentDecisions(documents, env.DECISIONS_TABLE, clock);
  const past = new PastCases(recent, window, settings);
  const similar = new SimilarDecisions(past, recent, registry, settings);
  return createHttpHandler(runtime, env.AUTH_MODE, performanceRoutes, {
    getPerformance: ({ params, query }) => report.of(params.agentId, query),
    getProviderWeights: ({ params, query }) => ensemble.weights(params.agentId, query),
    createSnapshot: ({ params, body }) => snapshots.create(params.agentId, body),
    listSnapshots: ({ params, query }) => snapshots.list(params.agentId, query),
    findSimilar: ({ params, body }) => similar.find(params.agentId, body),
  });
}

export const handler = createPerformanceHandler(createRuntime('performance'), readEnvironment(environment));
