import { MINUTE_MS } from '../shared/platform/clock.ts';
import type { Room } from '../shared/schema/room.ts';

export const room = {
  functions: {
    relay: {
      entry: 'lambdas/relay/relay.lambda.ts',
      tables: { state: { actions: ['BatchGetItem', 'PutItem'] } },
      timeoutSeconds: 60,
      alarms: {
        // A single failed try is repeated in a second; one that fails twice goes on failing.
        RelayErrors: {
          metric: 'errors',
          threshold: 2,
          description:
            'Signals are not relayed to the bus; the inboxes have them. After ten tries a record is given up: it is ' +
            'whole in the archive bucket, aws/lambda/.',
        },
        RelayBehind: {
          metric: 'iteratorAge',
          threshold: 10 * MINUTE_MS,
          periods: 3,
          description:
            'The relay is more than ten minutes behind: a record blocks its shard, or there are too many.',
        },
      },
    },
  },
} as const satisfies Room;
