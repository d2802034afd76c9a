import { AgentRegistry } from '../agents/agent-registry.ts';
import { type FeatureWindows, miningSettings } from '../cases/feature-windows.ts';
import { WindowCases } from '../cases/window-cases.ts';
import { ChangedDays } from '../decisions/changed-days.ts';
import { DecisionWindow } from '../decisions/decision-window.ts';
import { DecisionLog } from '../decisions/decision-log.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { TokenAnswers } from '../shared/token-answers.ts';
import { SeenSignals } from '../signals/seen-signals.ts';
import { DayResults } from './day-results.ts';
import { Ensemble } from './ensemble.ts';
import { NightlyRollup } from './nightly-rollup.ts';
import { PastCases } from './past-cases.ts';
import { ResultReader } from './result-reader.ts';
import { ResultsReport } from './results-report.ts';
import { RollupStore } from './rollup-store.ts';
import { SimilarDecisions } from './similar-decisions.ts';
import { Snapshots } from './snapshots/snapshots.ts';

export interface ResultsTables {
  readonly decisions: Table;
  readonly state: Table;
  readonly memory: Table;
}

/** Rollups and the decisions they are made of. */
const composeRollupParts = ({ decisions, state, memory }: ResultsTables, registry: AgentRegistry) => ({
  changedDays: new ChangedDays(state),
  results: new DayResults(registry, new DecisionWindow(decisions)),
  store: new RollupStore(memory),
  clock: state.clock,
});

/** The rollup of the night. */
export const composeRollup = (tables: ResultsTables, registry: AgentRegistry): NightlyRollup =>
  new NightlyRollup(composeRollupParts(tables, registry));

/** The services behind the routes. @param windows default: 4 h for signals, 24 h for sequences */
export function composeResults(tables: ResultsTables, windows?: FeatureWindows) {
  const { clock } = tables.state;
  const settings = miningSettings(windows);
  const window = new DecisionWindow(tables.decisions);
  const log = new DecisionLog(tables.decisions);
  const registry = new AgentRegistry(tables.state);
  const rollups = composeRollupParts(tables, registry);
  const reader = new ResultReader(rollups);
  const cases = new WindowCases(window, new SeenSignals(tables.state), settings);
  return {
    report: new ResultsReport({ reader, results: rollups.results, cases, clock }),
    ensemble: new Ensemble(reader, clock),
    snapshots: new Snapshots(tables.memory, reader, new TokenAnswers(tables.state)),
    similar: new SimilarDecisions({
      cases: new PastCases(log, window, settings),
      log,
      registry,
      settings,
    }),
  };
}
