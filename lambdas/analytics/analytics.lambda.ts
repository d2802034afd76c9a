import { AgentRegistry } from '../agents/agent-registry.ts';
import { type FeatureWindows, featureWindows, miningSettings } from '../cases/feature-windows.ts';
import { RunLedger } from '../consolidation/run-ledger.ts';
import { WindowCases } from '../cases/window-cases.ts';
import { DecisionWindow } from '../decisions/decision-window.ts';
import { PatternStore } from '../patterns/pattern-store.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { createRuntime, type Runtime, openTables } from '../shared/platform/runtime.ts';
import { SeenSignals } from '../signals/seen-signals.ts';
import { AgentComparison } from './agent-comparison.ts';
import { AgentReports } from './agent-report.ts';
import { analyticsRoutes } from './contract.ts';
import { DecisionReader } from './decision-reader.ts';
import { EmergingPatterns } from './emerging-patterns.ts';
import { MemoryEffects } from './memory-effects.ts';
import { SuccessRate } from './success-rate.ts';

const environment = {
  AUTH_MODE: authMode,
  DECISIONS_TABLE: resourceName,
  STATE_TABLE: resourceName,
  MEMORY_TABLE: resourceName,
  FEATURE_WINDOWS: featureWindows,
};
export interface AnalyticsEnvironment {
  readonly AUTH_MODE: 'iam' | 'none';
  readonly DECISIONS_TABLE: string;
  readonly STATE_TABLE: string;
  readonly MEMORY_TABLE: string;
  /** @default 4 h for signals, 24 h for sequences */
  readonly FEATURE_WINDOWS?: FeatureWindows;
}

export function createAnalyticsHandler(runtime: Runtime, env: AnalyticsEnvironment) {
  const { clock } = runtime;
  const tables = openTables(runtime, env);
  const settings = miningSettings(env.FEATURE_WINDOWS);
  const store = new PatternStore(tables.memory);
  const cases = new WindowCases(
    new DecisionWindow(tables.decisions),
    new SeenSignals(tables.state),
    settings,
  );
  const reader = new DecisionReader(new AgentRegistry(tables.state), cases);
  const ledger = new RunLedger(tables.state);
  const successRate = new SuccessRate(reader, clock);
  const comparison = new AgentComparison(reader, clock);
  const memory = new MemoryEffects(reader, store, clock);
  const emerging = new EmergingPatterns(store, ledger, settings);
  const reports = new AgentReports(reader, store, emerging, ledger, clock);
  return createHttpHandler(runtime, env.AUTH_MODE, analyticsRoutes, {
    getSuccessRate: ({ params, query }) => successRate.of(params.agentId, query),
    getMemoryEffect: ({ params, query }) => memory.of(params.agentId, query),
    listEmergingPatterns: ({ params, query }) => emerging.list(params.agentId, query),
    getReport: ({ params, query }) => reports.of(params.agentId, query.period ?? 'daily', query.date),
    compareAgents: ({ query }) => comparison.compare(query),
  });
}

export const handler = createAnalyticsHandler(createRuntime('analytics'), readEnvironment(environment));
