import { agentRoutes } from '../../lambdas/agents/contract.ts';
import { analyticsRoutes } from '../../lambdas/analytics/contract.ts';
import { archiveRoutes } from '../../lambdas/archive/contract.ts';
import { consolidationRoutes } from '../../lambdas/consolidation/contract.ts';
import { contextRoutes } from '../../lambdas/context/contract.ts';
import { decisionRoutes } from '../../lambdas/decisions/contract.ts';
import { erasureRoutes } from '../../lambdas/erasures/contract.ts';
import { healthRoutes } from '../../lambdas/health/contract.ts';
import { memoryRoutes } from '../../lambdas/memories/contract.ts';
import { patternRoutes } from '../../lambdas/patterns/contract.ts';
import { sessionRoutes } from '../../lambdas/sessions/contract.ts';
import { resultsRoutes } from '../../lambdas/results/contract.ts';
import type { RouteContract, Routes } from '../../lambdas/shared/http/contract.ts';
import { signalRoutes } from '../../lambdas/signals/contract.ts';

/** Every route of the API by slice, in the order the documentation shows them. */
export const routesBySlice: Readonly<Record<string, Routes>> = {
  agents: agentRoutes,
  decisions: decisionRoutes,
  signals: signalRoutes,
  sessions: sessionRoutes,
  context: contextRoutes,
  patterns: patternRoutes,
  memories: memoryRoutes,
  analytics: analyticsRoutes,
  performance: resultsRoutes,
  consolidation: consolidationRoutes,
  archive: archiveRoutes,
  erasures: erasureRoutes,
  health: healthRoutes,
};

export const allRoutes: readonly RouteContract[] = Object.values(routesBySlice).flatMap((routes) =>
  Object.values(routes),
);
