import { analyticsRoutes } from '../../../lambdas/analytics/contract.ts';
import { createAnalyticsHandler } from '../../../lambdas/analytics/analytics.lambda.ts';
import { HOUR_MS } from '../../../lambdas/shared/platform/clock.ts';
import { call, type CallInput } from '../../support/api.ts';
import { createTestRuntime, type TestRuntimeOptions } from '../../support/runtime.ts';
import { tableName } from '../../support/tables.ts';
import type { DecisionSketch } from '../consolidation/pipeline.ts';

export const NOW = '2026-03-04T12:00:00.000Z';

export const hoursAgo = (hours: number): string => new Date(Date.parse(NOW) - hours * HOUR_MS).toISOString();

export function createAnalytics(options: TestRuntimeOptions = {}) {
  const runtime = createTestRuntime('analytics', { now: NOW, ...options });
  const handler = createAnalyticsHandler(runtime, {
    AUTH_MODE: 'iam',
    DECISIONS_TABLE: tableName('decisions'),
    STATE_TABLE: tableName('state'),
    MEMORY_TABLE: tableName('memory'),
  });
  const send = (route: keyof typeof analyticsRoutes, input?: CallInput) =>
    call(handler, analyticsRoutes[route], input);
  return {
    runtime,
    send,
    /** The answer of one of an agent's routes. */
    ask: async (
      route: Exclude<keyof typeof analyticsRoutes, 'compareAgents'>,
      agentId: string,
      query?: Record<string, string>,
    ) => (await send(route, { params: { agentId }, ...(query && { query }) })).body,
  };
}

/** So many decisions of one kind, an hour apart, the newest `since` hours ago; `successes` of them succeeded. */
export const some = (
  n: number,
  successes: number,
  more: Partial<DecisionSketch> = {},
  since = 1,
): DecisionSketch[] =>
  Array.from({ length: n }, (_, i) => ({
    context: {},
    status: i < successes ? ('success' as const) : ('failure' as const),
    timestamp: hoursAgo(since + i),
    occurredAt: hoursAgo(since + i - 0.5),
    ...more,
  }));
