import { decisionRoutes } from '../../lambdas/decisions/contract.ts';
import { healthRoutes } from '../../lambdas/health/contract.ts';
import type { RouteContract } from '../../lambdas/shared/http/contract.ts';

/** Every route of the API, in the order the documentation shows them. */
export const allRoutes: readonly RouteContract[] = [healthRoutes, decisionRoutes].flatMap((routes) =>
  Object.values(routes),
);
