import type { Room } from '../shared/schema/room.ts';
import { patternRoutes } from './contract.ts';

export const room = {
  functions: {
    patterns: {
      entry: 'lambdas/patterns/patterns.lambda.ts',
      routes: patternRoutes,
      tables: {
        memory: {
          actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'DeleteItem'],
          indexes: ['confidence', 'shared'],
        },
        decisions: { actions: ['Query'] },
        state: { actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'] },
      },
      // One CPU: a dry run reads and tests a window while the caller waits.
      memoryMegabytes: 1769,
      settings: ['FEATURE_WINDOWS', 'PATTERN_LIFECYCLE'],
    },
  },
  erases: {
    agent:
      'its patterns with versions and evidence, its verdicts on offered patterns, and its part in shared ones',
    user: 'the evidence that is a decision of that user',
  },
} as const satisfies Room;
