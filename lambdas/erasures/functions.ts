import type { Room } from '../shared/schema/room.ts';
import { erasureRoutes } from './contract.ts';

export const room = {
  functions: {
    erasures: {
      entry: 'lambdas/erasures/erasures.lambda.ts',
      routes: erasureRoutes,
      tables: { state: { actions: ['GetItem', 'PutItem'] } },
      settings: ['LOG_RETENTION_DAYS'],
      starts: { name: 'eraser', variable: 'ERASER_FUNCTION_NAME' },
    },
    eraser: {
      entry: 'lambdas/erasures/erasure-worker.lambda.ts',
      tables: {
        decisions: { actions: ['Query', 'DeleteItem'] },
        memory: { actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'] },
        state: {
          actions: ['GetItem', 'BatchGetItem', 'Query', 'UpdateItem', 'DeleteItem'],
          indexes: ['registry'],
        },
        signals: {
          actions: ['BatchGetItem', 'Query', 'UpdateItem', 'DeleteItem'],
          indexes: ['inbox', 'sent'],
        },
      },
      timeoutSeconds: 15 * 60,
      archive: ['read', 'write', 'remove', 'givenUp'],
      modules: { 's3-object-store': 'lambdas/archive/s3-object-store.ts' },
      alarms: {
        EraserErrors: {
          metric: 'errors',
          description:
            'An erasure fails. It is tried twice more; if it then stands still, GET /erasures/{erasureId} says so.',
        },
      },
    },
  },
} as const satisfies Room;
