import { healthRoutes } from '../../lambdas/health/contract.ts';
import { signalRoutes } from '../../lambdas/signals/contract.ts';
import type { RouteContract } from '../../lambdas/shared/http/contract.ts';

/** Every route of the API, in the order the documentation shows them. */
export const allRoutes: readonly RouteContract[] = [healthRoutes, signalRoutes].flatMap((routes) =>
  Object.values(routes),
);
