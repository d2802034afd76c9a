import type { Room } from '../shared/schema/room.ts';
import { sessionRoutes } from './contract.ts';

/** Bedrock's client: most stages summarize without a model. */
const bedrock = { 'bedrock-model': 'lambdas/sessions/summary/bedrock-model.ts' };

export const room = {
  functions: {
    sessions: {
      entry: 'lambdas/sessions/sessions.lambda.ts',
      routes: sessionRoutes,
      tables: {
        state: { actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'] },
        memory: { actions: ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem'] },
      },
      settings: ['SESSION_SETTINGS', 'MEMORY_CATEGORIES'],
      model: 'summary',
      modules: bedrock,
    },
    summaries: {
      entry: 'lambdas/sessions/summaries.lambda.ts',
      tables: { state: { actions: ['Query', 'PutItem', 'UpdateItem', 'DeleteItem'] } },
      timeoutSeconds: 2 * 60,
      settings: ['SESSION_SETTINGS'],
      model: 'summary',
      modules: bedrock,
      alarms: {
        SummariesErrors: {
          metric: 'errors',
          threshold: 2,
          description:
            'Running summaries are not made. Sessions go on with their messages; the end of each makes up for it.',
        },
      },
    },
    sweeper: {
      entry: 'lambdas/sessions/sweeper.lambda.ts',
      tables: {
        state: {
          actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
        },
        memory: { actions: ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem'] },
        // For broadcasts that their publisher left unfinished.
        signals: { actions: ['Query', 'PutItem'] },
      },
      timeoutSeconds: 5 * 60,
      settings: ['SESSION_SETTINGS', 'MEMORY_CATEGORIES'],
      model: 'summary',
      modules: bedrock,
      alarms: {
        SweeperErrors: {
          metric: 'errors',
          description:
            'Sessions that nobody ended get no record, or signals do not reach all of very many subscribers. The next ' +
            'sweep does what this one left; look in its log.',
        },
      },
    },
  },
  archives: [{ kind: 'session', table: 'state', partitionPrefix: 'session:', when: 'expired' }],
  erases: {
    agent:
      'its sessions with messages and summaries, the rows that list them, and the insights they still offer',
    user: 'the sessions with that user, under every agent',
  },
} as const satisfies Room;
