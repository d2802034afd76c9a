import type { Room } from '../shared/schema/room.ts';
import { agentRoutes } from './contract.ts';

export const room = {
  functions: {
    agents: {
      entry: 'lambdas/agents/agents.lambda.ts',
      routes: agentRoutes,
      tables: {
        state: {
          actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
          indexes: ['registry'],
        },
      },
      settings: ['HEALTH_IDLE_SECONDS', 'HEALTH_INACTIVE_SECONDS'],
    },
  },
  erases: {
    agent:
      'its profile, state with earlier versions, checkpoints, working memory and counters, after everything they point at',
  },
} as const satisfies Room;
