import { AgentRegistry } from '../agents/agent-registry.ts';
import { DecisionLog } from '../decisions/decision-log.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import type { RandomPart } from '../shared/platform/ids.ts';
import { SignalInbox } from './signal-inbox.ts';
import { SignalLog } from './signal-log.ts';
import { SignalPublisher } from './signal-publisher.ts';
import { Subscriptions } from './subscriptions.ts';

export interface SignalTables {
  readonly signals: Table;
  readonly state: Table;
  readonly decisions: Table;
}

/** The services of this room. */
export function composeSignals({ signals, state, decisions }: SignalTables, randomPart: RandomPart) {
  const registry = new AgentRegistry(state);
  const subscriptions = new Subscriptions(state, registry);
  return {
    subscriptions,
    publisher: new SignalPublisher({ table: signals, randomPart, registry, subscriptions }),
    inbox: new SignalInbox(signals, new DecisionLog(decisions)),
    log: new SignalLog(signals),
  };
}
