import { createHttpHandler } from '../shared/http/handler.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import type { RouteContract } from '../shared/http/contract.ts';
import type { Room } from '../shared/schema/room.ts';
import { healthRoutes } from './contract.ts';

/** Imported late: a health check needs no contract but its own. */
async function allRoutes(): Promise<readonly RouteContract[]> {
  const { functionsOf, rooms } = await import('../rooms.ts');
  const described: Readonly<Record<string, Room>> = rooms;
  return Object.values(functionsOf(described)).flatMap(({ routes = {} }) => Object.values(routes));
}

export const createHealthHandler = (
  runtime: Pick<Runtime, 'clock' | 'logger' | 'metrics' | 'tracing' | 'deadline'>,
) =>
  createHttpHandler(
    runtime,
    'iam',
    healthRoutes,
    { getHealth: async () => ({ status: 'ok' as const, time: runtime.clock().toISOString() }) },
    allRoutes,
  );

export const handler = createHealthHandler(createRuntime('health'));
