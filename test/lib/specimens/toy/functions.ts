import type { Room } from '../../../../lambdas/shared/schema/room.ts';
import { toyRoutes } from './contract.ts';

export const room = {
  functions: {
    toy: {
      entry: 'test/lib/specimens/toy/toy.lambda.ts',
      routes: toyRoutes,
      tables: { state: { actions: ['GetItem'] } },
      memoryMegabytes: 1024,
      settings: ['FEATURE_WINDOWS'],
      archive: ['read'],
      modules: { late: 'test/lib/specimens/toy/late.ts' },
      alarms: { ToyErrors: { metric: 'errors', description: 'The toy is broken. Look in its log.' } },
    },
  },
  archives: [{ kind: 'toy', table: 'state', partitionPrefix: 'toy:', when: 'expired' }],
} as const satisfies Room;
