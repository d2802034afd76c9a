import type { AgentRegistry } from '../agents/agent-registry.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import type { Runtime } from '../shared/platform/runtime.ts';
import { TokenAnswers } from '../shared/token-answers.ts';
import { RunLedger } from './run-ledger.ts';
import { RunRequests } from './run-requests.ts';
import { WaitingRuns } from './waiting-runs.ts';

/** Apart from the composition of the night, whose services the API and the planner do not load. */
export const composeRunRequests = (
  { clock, randomPart }: Runtime,
  state: Table,
  registry: AgentRegistry,
): RunRequests =>
  new RunRequests({
    ledger: new RunLedger(state),
    registry,
    waiting: new WaitingRuns(state),
    answers: new TokenAnswers(state),
    clock,
    randomPart,
  });
