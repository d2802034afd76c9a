import type { Room } from '../shared/schema/room.ts';
import { contextRoutes } from './contract.ts';

export const room = {
  functions: {
    context: {
      entry: 'lambdas/context/context.lambda.ts',
      routes: contextRoutes,
      tables: {
        memory: { actions: ['BatchGetItem', 'Query', 'PutItem'], indexes: ['shared'] },
        decisions: { actions: ['BatchGetItem', 'Query'], indexes: ['timeline'] },
        state: { actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem'] },
        signals: { actions: [], indexes: ['inbox'] },
      },
      // One CPU: cached memories are ranked while the caller waits.
      memoryMegabytes: 1769,
      settings: ['SESSION_SETTINGS', 'CONTEXT_DEADLINES', 'MEMORY_CATEGORIES', 'FEATURE_WINDOWS'],
      data: ['lambdas/context/vocabulary.br'],
    },
  },
} as const satisfies Room;
