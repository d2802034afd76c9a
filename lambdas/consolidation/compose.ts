import { AgentRegistry } from '../agents/agent-registry.ts';
import type { OpenStore } from '../archive/object-store.ts';
import { type FeatureWindows, miningSettings } from '../cases/feature-windows.ts';
import { WindowCases } from '../cases/window-cases.ts';
import { DecisionWindow } from '../decisions/decision-window.ts';
import { composeAgeing } from '../memories/compose.ts';
import type { LifecycleSettings } from '../patterns/lifecycle/lifecycle-settings.ts';
import { OfferReviews } from '../patterns/lifecycle/offer-review.ts';
import { PatternStore } from '../patterns/pattern-store.ts';
import { OfferVerdictStore } from '../patterns/offer-verdict-store.ts';
import { composeOfferedPatterns } from '../patterns/compose.ts';
import { composeRollup } from '../results/compose.ts';
import { meterCapacity } from '../shared/dynamodb/capacity-meter.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { ErasedMarks } from '../shared/erased-marks.ts';
import type { Runtime } from '../shared/platform/runtime.ts';
import type { MemoryCategories } from '../shared/schema/memory-categories.ts';
import { SeenSignals } from '../signals/seen-signals.ts';
import { AgentConsolidator } from './consolidate-agent.ts';
import { PoolConsolidator } from './consolidate-pool.ts';
import { KnownPools } from './known-pools.ts';
import { RunLedger } from './run-ledger.ts';
import { TaskRunner } from './task-runner.ts';

/** Tables of the nightly work. */
export interface NightTables {
  readonly decisions: Table;
  readonly state: Table;
  readonly memory: Table;
}

export interface NightSettings {
  /** @default 4 h for signals, 24 h for sequences */
  readonly featureWindows?: FeatureWindows | undefined;
  /** @default defaultLifecycleSettings */
  readonly lifecycle?: LifecycleSettings | undefined;
  readonly memoryCategories: MemoryCategories;
}

/** The night's work on one agent or one pool, with everything it needs. */
export function composeTaskRunner(
  runtime: Runtime,
  tables: NightTables,
  settings: NightSettings,
  openStore: OpenStore,
): TaskRunner {
  const { clock, documents, randomPart } = runtime;
  const consumed = meterCapacity(documents);
  const erased = new ErasedMarks(tables.state);
  const registry = new AgentRegistry(tables.state);
  const decisions = new DecisionWindow(tables.decisions);
  const seenSignals = new SeenSignals(tables.state);
  const cases = new WindowCases(decisions, seenSignals, miningSettings(settings.featureWindows));
  const store = new PatternStore(tables.memory);
  const shared = { registry, cases, store, clock, consumed, lifecycle: settings.lifecycle };
  const reviews = new OfferReviews(
    composeOfferedPatterns(tables.memory, registry),
    new OfferVerdictStore(tables.memory),
  );
  return new TaskRunner({
    ledger: new RunLedger(tables.state),
    erased,
    clock,
    consumed,
    rollup: composeRollup(tables, registry),
    consolidator: new AgentConsolidator({ ...shared, reviews }),
    ageing: composeAgeing(tables, randomPart, settings.memoryCategories, openStore),
    poolConsolidator: new PoolConsolidator({ ...shared, pools: new KnownPools(tables.state) }),
  });
}
