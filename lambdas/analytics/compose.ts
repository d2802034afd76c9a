import { AgentRegistry } from '../agents/agent-registry.ts';
import { composeWindowCases } from '../cases/compose.ts';
import type { FeatureWindows } from '../cases/feature-windows.ts';
import type { RunLedger } from '../consolidation/run-ledger.ts';
import type { PatternTables } from '../patterns/compose.ts';
import { PatternStore } from '../patterns/pattern-store.ts';
import type { Runtime } from '../shared/platform/runtime.ts';
import { AgentComparison } from './agent-comparison.ts';
import { AgentReports } from './agent-report.ts';
import { DecisionReader } from './decision-reader.ts';
import { EmergingPatterns } from './emerging-patterns.ts';
import { MemoryEffects } from './memory-effects.ts';
import { SuccessRates } from './success-rate.ts';

export function composeAnalytics(
  { clock }: Pick<Runtime, 'clock'>,
  tables: PatternTables,
  ledger: RunLedger,
  windows?: FeatureWindows,
) {
  const store = new PatternStore(tables.memory);
  const cases = composeWindowCases(tables, windows);
  const reader = new DecisionReader(new AgentRegistry(tables.state), cases);
  const emerging = new EmergingPatterns(store, ledger, cases.settings);
  return {
    comparison: new AgentComparison(reader, clock),
    effects: new MemoryEffects(reader, store, clock),
    emerging,
    reports: new AgentReports({ reader, store, emerging, ledger, clock }),
    successRates: new SuccessRates(reader, clock),
  };
}
