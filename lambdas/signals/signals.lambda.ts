import { AgentRegistry } from '../agents/agent-registry.ts';
import { DecisionLookup } from '../decisions/decision-lookup.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { createRuntime, type Runtime, openTables } from '../shared/platform/runtime.ts';
import { metricNames } from '../shared/schema/metrics.ts';
import { signalRoutes } from './contract.ts';
import { SignalInbox } from './signal-inbox.ts';
import { SignalLog } from './signal-log.ts';
import { SignalPublisher } from './signal-publisher.ts';
import { Subscriptions } from './subscriptions.ts';

export interface SignalsEnvironment {
  readonly AUTH_MODE: 'iam' | 'none';
  readonly SIGNALS_TABLE: string;
  readonly STATE_TABLE: string;
  readonly DECISIONS_TABLE: string;
}

export const createSignalsHandler = (runtime: Runtime, env: SignalsEnvironment) => {
  const { randomPart, metrics } = runtime;
  const tables = openTables(runtime, env);
  const registry = new AgentRegistry(tables.state);
  const subscriptions = new Subscriptions(tables.state, registry);
  const publisher = new SignalPublisher({
    table: tables.signals,
    randomPart,
    registry,
    subscriptions,
  });
  const decisions = new DecisionLookup(tables.decisions);
  const inbox = new SignalInbox(tables.signals, decisions);
  const log = new SignalLog(tables.signals);

  return createHttpHandler(runtime, env.AUTH_MODE, signalRoutes, {
    publishSignal: async ({ params, body }) => {
      const published = await publisher.publish(params.agentId, body);
      metrics.addMetric(metricNames.signalsPublished, 'Count', 1);
      return published;
    },
    putSubscriptions: async ({ params: { agentId }, body }) => ({
      agentId,
      signalTypes: await subscriptions.replace(agentId, body.signalTypes),
    }),
    getSubscriptions: async ({ params: { agentId } }) => ({
      agentId,
      signalTypes: await subscriptions.of(agentId),
    }),
    listInbox: ({ params, query }) => inbox.list(params.agentId, query),
    acknowledgeSignal: async ({ params, body }) => {
      const delivery = await inbox.acknowledge(params.agentId, params.signalId, body);
      if (delivery.processedAt !== undefined)
        metrics.addMetric(
          metricNames.signalLag,
          'Milliseconds',
          Math.max(0, Date.parse(delivery.processedAt) - Date.parse(delivery.timestamp)),
        );
      return delivery;
    },
    listSentSignals: ({ params, query }) => log.sent(params.agentId, query),
    getSignal: ({ params }) => log.read(params.agentId, params.signalId),
    listSignalsOfType: ({ query }) => log.ofType(query),
  });
};

export const handler = createSignalsHandler(
  createRuntime('signals'),
  readEnvironment({
    AUTH_MODE: authMode,
    SIGNALS_TABLE: resourceName,
    STATE_TABLE: resourceName,
    DECISIONS_TABLE: resourceName,
  }),
);
