import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { AgentProfiles } from '../../../lambdas/agents/agent-profiles.ts';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { signalRoutes } from '../../../lambdas/signals/contract.ts';
import { createSignalsHandler } from '../../../lambdas/signals/signals.lambda.ts';
import { call, type CallInput } from '../../support/api.ts';
import { createTestRuntime, type TestRuntimeOptions } from '../../support/runtime.ts';
import { tableName } from '../../support/tables.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const environment = () => ({
  AUTH_MODE: 'iam' as const,
  SIGNALS_TABLE: tableName('signals'),
  STATE_TABLE: tableName('state'),
  DECISIONS_TABLE: tableName('decisions'),
});

/** The smallest signal there is. */
export const aSignal = {
  signalType: 'WHALE_ACTIVITY',
  severity: 'high',
  confidence: 0.85,
  data: { coin: 'BTC' },
} as const;

/** The handler under test, a clock to move, and one short call per route. */
export function createSignalsFixture(options: TestRuntimeOptions = {}) {
  const runtime = createTestRuntime('signals', options);
  const handler = createSignalsHandler(runtime, environment());
  const registry = new AgentRegistry(new Table(runtime.unrecorded, tableName('state'), runtime.clock));
  const profiles = new AgentProfiles(
    new Table(runtime.unrecorded, tableName('state'), runtime.clock),
    registry,
    {
      idleAfterSeconds: 60,
      inactiveAfterSeconds: 600,
    },
  );
  const on =
    (route: keyof typeof signalRoutes) =>
    (input: CallInput = {}) =>
      call(handler, signalRoutes[route], input);
  return {
    runtime,
    handler,
    register: async (...agentIds: string[]) => {
      for (const agentId of agentIds) await registry.noteActivity(agentId);
    },
    deregister: (agentId: string) => profiles.deregister(agentId),
    publish: (agentId: string, body: object = {}) =>
      on('publishSignal')({ params: { agentId }, body: { ...aSignal, ...body } }),
    subscribe: (agentId: string, signalTypes: readonly string[]) =>
      on('putSubscriptions')({ params: { agentId }, body: { signalTypes } }),
    subscriptions: (agentId: string) => on('getSubscriptions')({ params: { agentId } }),
    inbox: (agentId: string, query: Record<string, string> = {}) =>
      on('listInbox')({ params: { agentId }, query }),
    ack: (agentId: string, signalId: string, body: object) =>
      on('acknowledgeSignal')({ params: { agentId, signalId }, body }),
    sent: (agentId: string, query: Record<string, string> = {}) =>
      on('listSentSignals')({ params: { agentId }, query }),
    read: (agentId: string, signalId: string) => on('getSignal')({ params: { agentId, signalId } }),
    ofType: (signalType: string, query: Record<string, string> = {}) =>
      on('listSignalsOfType')({ query: { signalType, ...query } }),
  };
}

type Send = (command: { input: Record<string, unknown> }) => Promise<Record<string, unknown>>;

/** A client whose every call goes through `around` first. */
export const wrapClient = (
  real: DynamoDBDocumentClient,
  around: (command: { input: Record<string, unknown> }, send: Send) => ReturnType<Send>,
): DynamoDBDocumentClient => {
  const send: Send = (command) => real.send(command as never) as never;
  return Object.create(real, { send: { value: (command: never) => around(command, send) } });
};
