import { decisionRoutes } from '../../../lambdas/decisions/contract.ts';
import { createDecisionsHandler } from '../../../lambdas/decisions/decisions.lambda.ts';
import type { Runtime } from '../../../lambdas/shared/platform/runtime.ts';
import { type Answer, call, type CallInput } from '../../support/api.ts';
import { createTestRuntime, type TestRuntime, type TestRuntimeOptions } from '../../support/runtime.ts';
import { tableName } from '../../support/tables.ts';

export const NOW = '2026-03-01T12:00:00.000Z';

export const handlerOf = (runtime: Runtime) =>
  createDecisionsHandler(runtime, {
    AUTH_MODE: 'iam',
    DECISIONS_TABLE: tableName('decisions'),
    STATE_TABLE: tableName('state'),
    SIGNALS_TABLE: tableName('signals'),
  });

type RouteName = keyof typeof decisionRoutes;

export interface DecisionsApi {
  readonly runtime: TestRuntime;
  call(route: RouteName, input?: CallInput): Promise<Answer>;
  log(agentId: string, body?: Record<string, unknown>): Promise<Answer>;
  outcome(agentId: string, decisionId: string, body: Record<string, unknown>): Promise<Answer>;
  list(agentId: string, query?: Record<string, string>): Promise<Answer>;
  get(agentId: string, decisionId: string): Promise<Answer>;
  chain(agentId: string, decisionId: string): Promise<Answer>;
}

export function createApi(options: TestRuntimeOptions = {}): DecisionsApi {
  const runtime = createTestRuntime('decisions', { now: NOW, ...options });
  const handler = handlerOf(runtime);
  const send = (route: RouteName, input?: CallInput) => call(handler, decisionRoutes[route], input);
  return {
    runtime,
    call: send,
    log: (agentId, body) =>
      send('logDecision', {
        params: { agentId },
        body: { decisionType: 'RISK_ASSESSMENT', context: {}, ...body },
      }),
    outcome: (agentId, decisionId, body) => send('recordOutcome', { params: { agentId, decisionId }, body }),
    list: (agentId, query) => send('listDecisions', { params: { agentId }, ...(query && { query }) }),
    get: (agentId, decisionId) => send('getDecision', { params: { agentId, decisionId } }),
    chain: (agentId, decisionId) => send('getChain', { params: { agentId, decisionId } }),
  };
}

/** An ISO timestamp so many hours before `NOW`. */
export const hoursAgo = (hours: number): string =>
  new Date(Date.parse(NOW) - hours * 3_600_000).toISOString();
