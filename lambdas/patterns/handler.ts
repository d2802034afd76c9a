import { AgentRegistry } from '../agents/agent-registry.ts';
import { defaultMiningSettings } from '../consolidation/mining/settings.ts';
import { RunLedger } from '../consolidation/run-ledger.ts';
import { WindowCases } from '../consolidation/window-cases.ts';
import { DecisionWindow } from '../decisions/decision-window.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { SeenSignals } from '../signals/seen-signals.ts';
import { patternRoutes } from './contract.ts';
import { Hypotheses } from './hypotheses.ts';
import { PatternCatalog } from './pattern-catalog.ts';
import { PatternEvidence } from './pattern-evidence.ts';
import { PatternMatching } from './pattern-matching.ts';
import { PatternStore } from './pattern-store.ts';
import { PatternTrial } from './pattern-trial.ts';
import { toMatch, toTrialAnswer } from './views.ts';

const environment = {
  AUTH_MODE: authMode,
  DECISIONS_TABLE: resourceName,
  STATE_TABLE: resourceName,
  MEMORY_TABLE: resourceName,
};
export interface PatternsEnvironment {
  readonly AUTH_MODE: 'iam' | 'none';
  readonly DECISIONS_TABLE: string;
  readonly STATE_TABLE: string;
  readonly MEMORY_TABLE: string;
}

export function createPatternsHandler(runtime: Runtime, env: PatternsEnvironment) {
  const { documents, clock } = runtime;
  const store = new PatternStore(documents, env.MEMORY_TABLE);
  const cases = new WindowCases(
    new DecisionWindow(documents, env.DECISIONS_TABLE, clock),
    new SeenSignals(documents, env.STATE_TABLE, clock),
    defaultMiningSettings,
  );
  const ledger = new RunLedger(documents, env.STATE_TABLE, clock);
  const catalog = new PatternCatalog(store);
  const evidence = new PatternEvidence(store, cases);
  const matching = new PatternMatching(store, ledger, defaultMiningSettings, clock);
  const trial = new PatternTrial(cases, clock);
  const registry = new AgentRegistry(documents, env.STATE_TABLE, clock);
  const hypotheses = new Hypotheses(store, trial, registry, clock);
  return createHttpHandler(runtime, env.AUTH_MODE, patternRoutes, {
    listPatterns: ({ params, query }) => catalog.list(params.agentId, query),
    getPattern: ({ params }) => catalog.get(params.agentId, params.patternId),
    statePattern: ({ params, body }) => hypotheses.state(params.agentId, params.patternId, body),
    listEvidence: ({ params, query }) => evidence.list(params.agentId, params.patternId, query),
    matchPatterns: async ({ params, body }) => ({
      items: (await matching.match(params.agentId, body)).map(toMatch),
    }),
    testPattern: async ({ params, body }) =>
      toTrialAnswer(body.decisionType, await trial.test(params.agentId, body)),
  });
}

export const handler = createPatternsHandler(createRuntime('patterns'), readEnvironment(environment));
