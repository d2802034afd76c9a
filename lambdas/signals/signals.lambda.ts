import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, type EnvironmentOf, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { metricNames } from '../shared/schema/metrics.ts';
import { composeSignals } from './compose.ts';
import { signalRoutes } from './contract.ts';

const environment = {
  AUTH_MODE: authMode,
  SIGNALS_TABLE: resourceName,
  STATE_TABLE: resourceName,
  DECISIONS_TABLE: resourceName,
};
export type SignalsEnvironment = EnvironmentOf<typeof environment>;

export const createSignalsHandler = (runtime: Runtime, env: SignalsEnvironment) => {
  const { metrics } = runtime;
  const { publisher, subscriptions, inbox, log } = composeSignals(openTables(runtime, env), runtime);

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
      signalTypes: await subscriptions.listFor(agentId),
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

export const handler = createSignalsHandler(createRuntime('signals'), readEnvironment(environment));
