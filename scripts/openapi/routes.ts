import { functionsOf, rooms } from '../../lambdas/rooms.ts';
import type { RouteContract, Routes } from '../../lambdas/shared/http/contract.ts';
import type { Room } from '../../lambdas/shared/schema/room.ts';

/** The routes of rooms by the function that answers them, in the order of the rooms. */
export const routesOf = (described: Readonly<Record<string, Room>>): Readonly<Record<string, Routes>> =>
  Object.fromEntries(
    Object.entries(functionsOf(described)).flatMap(([name, { routes }]) => (routes ? [[name, routes]] : [])),
  );

export const routesByFunction = routesOf(rooms);

export const allRoutes: readonly RouteContract[] = Object.values(routesByFunction).flatMap((routes) =>
  Object.values(routes),
);
