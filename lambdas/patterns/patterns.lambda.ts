import { AgentRegistry } from '../agents/agent-registry.ts';
import { type FeatureWindows, featureWindows, miningSettings } from '../cases/feature-windows.ts';
import { type LifecycleSettings, patternLifecycle } from './lifecycle/lifecycle-settings.ts';
import { RunLedger } from '../consolidation/run-ledger.ts';
import { WindowCases } from '../cases/window-cases.ts';
import { DecisionWindow } from '../decisions/decision-window.ts';
import { ExposureLog } from '../exposures/exposure-log.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { createRuntime, type Runtime, openTables } from '../shared/platform/runtime.ts';
import { Sharing } from '../sharing/sharing.ts';
import { SeenSignals } from '../signals/seen-signals.ts';
import { patternRoutes } from './contract.ts';
import { Hypotheses } from './hypotheses.ts';
import { PatternCatalog } from './pattern-catalog.ts';
import { PatternEvidence } from './pattern-evidence.ts';
import { PatternListing } from './pattern-listing.ts';
import { PatternMatching } from './pattern-matching.ts';
import { PATTERN_MEMORY, OfferedPatterns } from './offered-patterns.ts';
import { PatternSharing } from './pattern-sharing.ts';
import { PatternStore } from './pattern-store.ts';
import { PatternTrial } from './pattern-trial.ts';
import { ShownPatterns } from './shown-patterns.ts';
import { StandingStore } from './standing-store.ts';
import { toShown, toTrialAnswer } from './views.ts';

const environment = {
  AUTH_MODE: authMode,
  DECISIONS_TABLE: resourceName,
  STATE_TABLE: resourceName,
  MEMORY_TABLE: resourceName,
  FEATURE_WINDOWS: featureWindows,
  PATTERN_LIFECYCLE: patternLifecycle,
};
export interface PatternsEnvironment {
  readonly AUTH_MODE: 'iam' | 'none';
  readonly DECISIONS_TABLE: string;
  readonly STATE_TABLE: string;
  readonly MEMORY_TABLE: string;
  /** @default 4 h for signals, 24 h for sequences */
  readonly FEATURE_WINDOWS?: FeatureWindows;
  /** @default defaultLifecycleSettings */
  readonly PATTERN_LIFECYCLE?: LifecycleSettings;
}

export function createPatternsHandler(runtime: Runtime, env: PatternsEnvironment) {
  const { clock, randomPart } = runtime;
  const tables = openTables(runtime, env);
  const store = new PatternStore(tables.memory);
  const cases = new WindowCases(
    new DecisionWindow(tables.decisions),
    new SeenSignals(tables.state),
    miningSettings(env.FEATURE_WINDOWS),
  );
  const ledger = new RunLedger(tables.state);
  const catalog = new PatternCatalog(store);
  const evidence = new PatternEvidence(store, cases);
  const registry = new AgentRegistry(tables.state);
  const sharing = new Sharing(tables.memory, PATTERN_MEMORY);
  const offers = new OfferedPatterns(store, new StandingStore(tables.memory), sharing, registry);
  const listing = new PatternListing(catalog, offers, store);
  const patternSharing = new PatternSharing(store, sharing, registry);
  const matching = new PatternMatching(store, offers, ledger, cases, clock);
  const exposures = new ExposureLog(tables.state);
  const shown = new ShownPatterns(matching, exposures, randomPart);
  const trial = new PatternTrial(cases, clock);
  const hypotheses = new Hypotheses(store, trial, registry, clock, { lifecycle: env.PATTERN_LIFECYCLE });
  return createHttpHandler(runtime, env.AUTH_MODE, patternRoutes, {
    listPatterns: ({ params, query }) => listing.list(params.agentId, query),
    getPattern: ({ params: { agentId, patternId }, query: { owner = agentId } }) =>
      owner === agentId ? catalog.get(agentId, patternId) : listing.offered(agentId, owner, patternId),
    statePattern: ({ params, body }) => hypotheses.state(params.agentId, params.patternId, body),
    listEvidence: ({ params, query }) => evidence.list(params.agentId, params.patternId, query),
    matchPatterns: async ({ params, body }) => toShown(await shown.show(params.agentId, body)),
    getSharing: ({ params }) => patternSharing.get(params.agentId, params.patternId),
    putSharing: ({ params, body }) =>
      patternSharing.put(params.agentId, params.patternId, body.with, body.expectedVersion),
    testPattern: async ({ params, body }) =>
      toTrialAnswer(body.decisionType, await trial.test(params.agentId, body)),
  });
}

export const handler = createPatternsHandler(createRuntime('patterns'), readEnvironment(environment));
