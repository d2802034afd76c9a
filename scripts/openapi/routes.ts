import { consolidationRoutes } from '../../lambdas/consolidation/contract.ts';
import { healthRoutes } from '../../lambdas/health/contract.ts';
import { patternRoutes } from '../../lambdas/patterns/contract.ts';
import type { RouteContract } from '../../lambdas/shared/http/contract.ts';

/** Every route of the API, in the order the documentation shows them. */
export const allRoutes: readonly RouteContract[] = [healthRoutes, patternRoutes, consolidationRoutes].flatMap(
  (routes) => Object.values(routes),
);
