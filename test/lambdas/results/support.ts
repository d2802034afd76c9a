import { decisionRoutes } from '../../../lambdas/decisions/contract.ts';
import { resultsRoutes } from '../../../lambdas/results/contract.ts';
import { createResultsHandler } from '../../../lambdas/results/results.lambda.ts';
import { createPipeline } from '../consolidation/pipeline.ts';
import { handlerOf } from '../decisions/support.ts';
import { call, type CallInput } from '../../support/api.ts';
import { createTestRuntime, type TestRuntimeOptions } from '../../support/runtime.ts';
import { tableName } from '../../support/tables.ts';

export const NOW = '2026-03-04T12:00:00.000Z';

type RouteName = keyof typeof resultsRoutes;

export function createPerformance(options: TestRuntimeOptions = {}) {
  const runtime = createTestRuntime('performance', { now: NOW, ...options });
  const handler = createResultsHandler(runtime, {
    AUTH_MODE: 'iam',
    DECISIONS_TABLE: tableName('decisions'),
    STATE_TABLE: tableName('state'),
    MEMORY_TABLE: tableName('memory'),
  });
  const send = (route: RouteName, input?: CallInput) => call(handler, resultsRoutes[route], input);
  return {
    runtime,
    send,
    ask: async (route: RouteName, agentId: string, query?: Record<string, string>) =>
      (await send(route, { params: { agentId }, ...(query && { query }) })).body,
    post: async (route: RouteName, agentId: string, body: unknown) =>
      (await send(route, { params: { agentId }, body })).body,
  };
}

/** Decisions, performance and nights, at one time. */
export function createDesk(now = NOW) {
  const decisions = createTestRuntime('decisions', { now });
  const handler = handlerOf(decisions);
  const performance = createPerformance({ now });
  const pipeline = createPipeline({ now });
  const log = async (agentId: string, rows: readonly Record<string, unknown>[]): Promise<string[]> => {
    const ids: string[] = [];
    for (let start = 0; start < rows.length; start += 100) {
      const { body } = await call(handler, decisionRoutes.logDecisions, {
        params: { agentId },
        body: { decisions: rows.slice(start, start + 100) },
      });
      if (body.failed.length > 0) throw new Error(JSON.stringify(body.failed[0]));
      ids.push(...body.items.map(({ decisionId }: { decisionId: string }) => decisionId));
    }
    return ids;
  };
  return {
    ...performance,
    pipeline,
    log,
    outcome: async (agentId: string, decisionId: string, body: unknown) =>
      call(handler, decisionRoutes.recordOutcome, { params: { agentId, decisionId }, body }),
    setTime: (time: string) => {
      decisions.setTime(time);
      performance.runtime.setTime(time);
      pipeline.setTime(time);
    },
    night: (agentId: string) => pipeline.run({ agentId }),
  };
}

/** A decision with what became of it. */
export const resolved = (
  timestamp: string,
  pnl: number,
  more: { readonly outcome?: Record<string, unknown>; readonly [field: string]: unknown } = {},
) => {
  const { outcome, ...fields } = more;
  return {
    decisionType: 'TRADE_EXECUTION',
    timestamp,
    context: {},
    ...fields,
    outcome: { status: pnl > 0 ? 'success' : 'failure', metrics: { pnl }, ...outcome },
  };
};
