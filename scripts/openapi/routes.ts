import { healthRoutes } from '../../lambdas/health/contract.ts';
import type { RouteContract, Routes } from '../../lambdas/shared/http/contract.ts';

/** Every route of the API by slice, in the order the documentation shows them. */
export const routesBySlice: Readonly<Record<string, Routes>> = {
  health: healthRoutes,
};

export const allRoutes: readonly RouteContract[] = Object.values(routesBySlice).flatMap((routes) =>
  Object.values(routes),
);
