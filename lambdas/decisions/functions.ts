import { exposureRoutes } from '../exposures/contract.ts';
import type { Room } from '../shared/schema/room.ts';
import { decisionRoutes } from './contract.ts';

export const room = {
  functions: {
    decisions: {
      entry: 'lambdas/decisions/decisions.lambda.ts',
      // Exposures are read here: this function looks them up anyway, for the decisions that name one.
      routes: { ...decisionRoutes, ...exposureRoutes },
      tables: {
        decisions: {
          actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem'],
          indexes: ['outcome', 'type', 'timeline', 'chain'],
        },
        state: { actions: ['BatchGetItem', 'UpdateItem'] },
        signals: { actions: ['BatchGetItem'] },
      },
    },
  },
  archives: [{ kind: 'decision', table: 'decisions', when: 'expired' }],
  erases: {
    agent: 'its decisions, and the spans that name them; those of other agents in the same chains stay',
    user: 'the decisions made in the sessions of that user',
  },
} as const satisfies Room;
