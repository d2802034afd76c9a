import { AgentRegistry } from '../agents/agent-registry.ts';
import { ExposureLog } from '../exposures/exposure-log.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import type { RandomPart } from '../shared/platform/ids.ts';
import { ChangedDays } from './changed-days.ts';
import { DecisionChain } from './decision-chain.ts';
import { DecisionIntake, type TriggerLookup } from './decision-intake.ts';
import { DecisionList } from './decision-list.ts';
import { DecisionLog } from './decision-log.ts';
import { DecisionTraces } from './decision-traces.ts';
import { OutcomeRecorder } from './outcome-recorder.ts';

export interface DecisionTables {
  readonly decisions: Table;
  readonly state: Table;
}

/** The services of this room. @param triggers which signals were delivered: signals build on decisions */
export function composeDecisions(tables: DecisionTables, triggers: TriggerLookup, randomPart: RandomPart) {
  const table = tables.decisions;
  const registry = new AgentRegistry(tables.state);
  const changedDays = new ChangedDays(tables.state);
  const exposures = new ExposureLog(tables.state);
  const log = new DecisionLog(table);
  const traces = new DecisionTraces(tables.state, log);
  return {
    log,
    traces,
    exposures,
    intake: new DecisionIntake({
      table,
      randomPart,
      log,
      registry,
      changedDays,
      triggers,
      exposures,
      traces,
    }),
    outcomes: new OutcomeRecorder({ table, log, registry, changedDays }),
    chain: new DecisionChain(table, log),
    list: new DecisionList(table, log),
  };
}
