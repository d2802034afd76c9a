import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { recordCommands } from '../../support/recordings.ts';

export interface BusEntry {
  readonly EventBusName: string;
  readonly Source: string;
  readonly DetailType: string;
  readonly Time: number;
  readonly Detail: string;
}

export interface BusAnswer {
  readonly status?: number;
  /** The entries it takes; the others fail. @default all */
  readonly takes?: (entry: BusEntry) => boolean;
}

/** EventBridge as far as the relay uses it, on the wire: the real client talks to it. */
export async function startEventBus() {
  const requests: BusEntry[][] = [];
  const events: BusEntry[] = [];
  let behave: (entries: readonly BusEntry[]) => BusAnswer = () => ({});

  const answer = async (request: IncomingMessage) => {
    const { Entries } = JSON.parse(await text(request)) as { Entries: BusEntry[] };
    requests.push(Entries);
    const { status = 200, takes = () => true } = behave(Entries);
    if (status !== 200) return { status, body: { __type: 'InternalException', message: 'broken' } };
    const taken = Entries.map(takes);
    events.push(...Entries.filter((_, i) => taken[i]));
    return {
      status,
      body: {
        FailedEntryCount: taken.filter((one) => !one).length,
        Entries: taken.map((one, i) =>
          one ? { EventId: `event-${i}` } : { ErrorCode: 'ThrottlingException', ErrorMessage: 'later' },
        ),
      },
    };
  };

  const server = createServer((request, response) => {
    void answer(request).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new EventBridgeClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    maxAttempts: 1,
  });
  recordCommands('relay', client);

  return {
    client,
    /** What was asked, request by request. */
    requests,
    /** What the bus took. */
    events,
    behaves: (behaviour: typeof behave) => {
      behave = behaviour;
    },
    reset: () => {
      requests.length = 0;
      events.length = 0;
      behave = () => ({});
    },
    stop: async () => {
      client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
