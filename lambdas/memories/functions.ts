import type { Room } from '../shared/schema/room.ts';
import { memoryRoutes } from './contract.ts';

export const room = {
  functions: {
    memories: {
      entry: 'lambdas/memories/memories.lambda.ts',
      routes: memoryRoutes,
      tables: {
        memory: {
          actions: ['GetItem', 'BatchGetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
          indexes: ['confidence', 'shared'],
        },
        state: { actions: ['BatchGetItem', 'UpdateItem'] },
      },
      // One CPU, and room for the indexes of the agents it was asked about last.
      memoryMegabytes: 1769,
      settings: ['MEMORY_CATEGORIES', 'EMBEDDING_MODEL'],
      // An agent's own removal is archived first.
      archive: ['write'],
      model: 'embedding',
      modules: {
        // Clients that few invocations need: S3's is a quarter of a function's code.
        's3-object-store': 'lambdas/archive/s3-object-store.ts',
        'bedrock-embedder': 'lambdas/memories/search/bedrock-embedder.ts',
      },
    },
  },
  archives: [{ kind: 'memory', table: 'memory', when: 'removed' }],
  erases: {
    agent: 'its memories with their revisions, statistics, change feed and grants',
    user: 'the memories that came from that user, or from a session with them',
  },
} as const satisfies Room;
