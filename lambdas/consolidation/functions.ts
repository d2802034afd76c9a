import type { Room } from '../shared/schema/room.ts';
import { consolidationRoutes } from './contract.ts';

export const room = {
  functions: {
    consolidation: {
      entry: 'lambdas/consolidation/consolidation.lambda.ts',
      routes: consolidationRoutes,
      tables: { state: { actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'] } },
      starts: { name: 'planner', variable: 'PLANNER_FUNCTION_NAME' },
    },
    // Planner and worker are retried; a failure for good ends in a dead-letter queue, which has an alarm.
    planner: {
      entry: 'lambdas/consolidation/planner.lambda.ts',
      tables: {
        state: {
          actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'],
          indexes: ['registry'],
        },
      },
      timeoutSeconds: 15 * 60,
    },
    worker: {
      entry: 'lambdas/consolidation/worker.lambda.ts',
      tables: {
        decisions: { actions: ['Query'] },
        memory: {
          actions: [
            'GetItem',
            'BatchGetItem',
            'Query',
            'PutItem',
            'UpdateItem',
            'DeleteItem',
            'BatchWriteItem',
          ],
          indexes: ['shared'],
        },
        state: {
          actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
          indexes: ['registry'],
        },
      },
      // A million decisions take 0.7 GB. Two whole cores (3,538 MB) would cost 1.7 times as much a second, and most
      // seconds are spent waiting for DynamoDB.
      memoryMegabytes: 2048,
      timeoutSeconds: 10 * 60,
      settings: ['MAX_RECEIVE_COUNT', 'FEATURE_WINDOWS', 'PATTERN_LIFECYCLE', 'MEMORY_CATEGORIES'],
      archive: ['write'],
      modules: { 's3-object-store': 'lambdas/archive/s3-object-store.ts' },
    },
  },
  erases: { agent: 'its results in the reports of runs, and the runs that were about it alone' },
} as const satisfies Room;
