import { AgentRegistry } from '../agents/agent-registry.ts';
import { DecisionLog } from '../decisions/decision-log.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import type { Runtime } from '../shared/platform/runtime.ts';
import { Broadcasts } from './broadcasts.ts';
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
export function composeSignals(
  { signals, state, decisions }: SignalTables,
  { randomPart, deadline }: Pick<Runtime, 'randomPart' | 'deadline'>,
) {
  const registry = new AgentRegistry(state);
  const subscriptions = new Subscriptions(state, registry);
  const broadcasts = new Broadcasts({ signals, state, registry });
  return {
    subscriptions,
    publisher: new SignalPublisher({
      table: signals,
      state,
      randomPart,
      registry,
      subscriptions,
      broadcasts,
      deadline,
    }),
    inbox: new SignalInbox(signals, new DecisionLog(decisions)),
    log: new SignalLog(signals),
  };
}

/** The broadcasts that a sweep finishes. */
export const composeBroadcasts = (
  { signals, state }: Pick<SignalTables, 'signals' | 'state'>,
  registry: AgentRegistry,
): Broadcasts => new Broadcasts({ signals, state, registry });
