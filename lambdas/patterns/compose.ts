import { AgentRegistry } from '../agents/agent-registry.ts';
import { composeWindowCases } from '../cases/compose.ts';
import type { FeatureWindows } from '../cases/feature-windows.ts';
import { ExposureLog } from '../exposures/exposure-log.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import type { Runtime } from '../shared/platform/runtime.ts';
import { Sharing } from '../sharing/sharing.ts';
import { Hypotheses } from './hypotheses.ts';
import type { LifecycleSettings } from './lifecycle/lifecycle-settings.ts';
import { OfferedPatterns, PATTERN_MEMORY } from './offered-patterns.ts';
import { OfferVerdictStore } from './offer-verdict-store.ts';
import { PatternCatalog } from './pattern-catalog.ts';
import { PatternEvidence } from './pattern-evidence.ts';
import { PatternListing } from './pattern-listing.ts';
import { PatternMatching } from './pattern-matching.ts';
import { PatternSharing } from './pattern-sharing.ts';
import { PatternStore } from './pattern-store.ts';
import { PatternTrial } from './pattern-trial.ts';
import type { LastRuns } from './promoted-patterns.ts';
import { ShownPatterns } from './shown-patterns.ts';

export interface PatternTables {
  readonly memory: Table;
  readonly state: Table;
  readonly decisions: Table;
}

export interface PatternSettings {
  /** @default 4 h for signals, 24 h for sequences */
  readonly windows?: FeatureWindows | undefined;
  /** @default defaultLifecycleSettings */
  readonly lifecycle?: LifecycleSettings | undefined;
}

export const composeOfferedPatterns = (memory: Table, registry: AgentRegistry): OfferedPatterns =>
  new OfferedPatterns({
    store: new PatternStore(memory),
    verdicts: new OfferVerdictStore(memory),
    sharing: new Sharing(memory, PATTERN_MEMORY),
    registry,
  });

/**
 * @param runs the last run of each agent
 * @param runsTrustedMs see PatternMatching
 */
export const composePatternMatching = (
  { clock }: Pick<Runtime, 'clock'>,
  tables: PatternTables,
  registry: AgentRegistry,
  runs: LastRuns,
  { windows, runsTrustedMs }: Pick<PatternSettings, 'windows'> & { readonly runsTrustedMs?: number },
): PatternMatching =>
  new PatternMatching({
    store: new PatternStore(tables.memory),
    offers: composeOfferedPatterns(tables.memory, registry),
    runs,
    cases: composeWindowCases(tables, windows),
    clock,
    ...(runsTrustedMs !== undefined && { runsTrustedMs }),
  });

/** @param runs the last run of each agent */
export function composePatterns(
  runtime: Pick<Runtime, 'clock' | 'randomPart'>,
  tables: PatternTables,
  runs: LastRuns,
  { windows, lifecycle }: PatternSettings,
) {
  const { clock, randomPart } = runtime;
  const registry = new AgentRegistry(tables.state);
  const store = new PatternStore(tables.memory);
  const cases = composeWindowCases(tables, windows);
  const catalog = new PatternCatalog(store);
  const matching = composePatternMatching(runtime, tables, registry, runs, { windows });
  const trial = new PatternTrial(cases, clock);
  return {
    catalog,
    evidence: new PatternEvidence(store, cases),
    listing: new PatternListing(catalog, composeOfferedPatterns(tables.memory, registry), store),
    sharing: new PatternSharing(store, new Sharing(tables.memory, PATTERN_MEMORY), registry),
    shown: new ShownPatterns(matching, new ExposureLog(tables.state), randomPart),
    trial,
    hypotheses: new Hypotheses({ store, trial, registry, clock, lifecycle }),
  };
}
