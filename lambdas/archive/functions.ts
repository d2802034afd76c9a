import { HOUR_MS } from '../shared/platform/clock.ts';
import type { Room } from '../shared/schema/room.ts';
import { archiveRoutes } from './contract.ts';

const s3 = { 's3-object-store': 'lambdas/archive/s3-object-store.ts' };

export const room = {
  functions: {
    archive: {
      entry: 'lambdas/archive/archive.lambda.ts',
      routes: archiveRoutes,
      tables: {},
      archive: ['read'],
      modules: s3,
    },
    archiver: {
      entry: 'lambdas/archive/archiver.lambda.ts',
      // It reads their streams, and tells a stream's table by its name.
      tables: { decisions: { actions: [] }, state: { actions: ['BatchGetItem'] }, signals: { actions: [] } },
      timeoutSeconds: 60,
      archive: ['write'],
      modules: s3,
      alarms: {
        // A failed batch is retried for twelve hours and makes the reader late; errors by the minute add nothing.
        ArchiverBehind: {
          metric: 'iteratorAge',
          threshold: 6 * HOUR_MS,
          description:
            'The archiver is six hours behind. In another six what it cannot write goes to aws/lambda/ in the ' +
            'archive bucket, unread by GET …/archive; after a day only point-in-time recovery has it.',
        },
      },
    },
  },
  erases: {
    agent: 'its archived records, and those of its deliveries under other agents',
    user: 'the archived sessions, decisions and memories of that user, with the pointers to them',
  },
} as const satisfies Room;
