import type { Room } from '../shared/schema/room.ts';
import { resultsRoutes } from './contract.ts';

export const room = {
  functions: {
    // Named as its routes are: /agents/{agentId}/performance.
    performance: {
      entry: 'lambdas/results/results.lambda.ts',
      routes: resultsRoutes,
      tables: {
        memory: { actions: ['Query', 'PutItem'] },
        decisions: { actions: ['Query', 'BatchGetItem'], indexes: ['timeline'] },
        state: { actions: ['GetItem', 'Query', 'PutItem'] },
      },
      // One CPU: it reads a window of decisions while the caller waits.
      memoryMegabytes: 1769,
      settings: ['FEATURE_WINDOWS'],
    },
  },
  erases: { agent: 'its rolled-up results and its snapshots' },
} as const satisfies Room;
