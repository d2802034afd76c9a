import type { Room } from '../shared/schema/room.ts';
import { signalRoutes } from './contract.ts';

export const room = {
  functions: {
    signals: {
      entry: 'lambdas/signals/signals.lambda.ts',
      routes: signalRoutes,
      tables: {
        signals: {
          actions: ['BatchGetItem', 'Query', 'PutItem', 'UpdateItem'],
          indexes: ['inbox', 'sent'],
        },
        state: { actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'] },
        decisions: { actions: ['GetItem'] },
      },
    },
  },
  archives: [{ kind: 'delivery', table: 'signals', when: 'expired' }],
  erases: { agent: 'the signals it sent, its inbox, its subscriptions and the signals it has seen' },
} as const satisfies Room;
