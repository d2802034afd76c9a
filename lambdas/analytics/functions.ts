import type { Room } from '../shared/schema/room.ts';
import { analyticsRoutes } from './contract.ts';

export const room = {
  functions: {
    analytics: {
      entry: 'lambdas/analytics/analytics.lambda.ts',
      routes: analyticsRoutes,
      tables: {
        memory: { actions: ['Query'] },
        decisions: { actions: ['Query'] },
        state: { actions: ['GetItem', 'BatchGetItem', 'Query'] },
      },
      // One CPU: it reads a window of decisions while the caller waits.
      memoryMegabytes: 1769,
      settings: ['FEATURE_WINDOWS'],
    },
  },
} as const satisfies Room;
