import type { Room } from '../shared/schema/room.ts';
import { healthRoutes } from './contract.ts';

export const room = {
  functions: {
    health: {
      entry: 'lambdas/health/health.lambda.ts',
      routes: healthRoutes,
      // It may do nothing else, so that a request which no route takes reaches no table.
      answersUnrouted: true,
      tables: {},
      memoryMegabytes: 256,
    },
  },
} as const satisfies Room;
