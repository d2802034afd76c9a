import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { randomSource } from '../../../scripts/demo/random.ts';
import { createTables } from '../../support/tables.ts';
import { createSessionsFixture, history } from './fixture.ts';

const SESSIONS = 40;
const CALLS_EACH = 25;
const FAULT_SHARE = 0.3;

type Middleware = (next: (args: never) => Promise<unknown>) => (args: never) => Promise<unknown>;

const throttled = () => Object.assign(new Error('slow down'), { name: 'ThrottlingException' });
const timedOut = () => Object.assign(new Error('timed out'), { name: 'TimeoutError' });
const internal = () =>
  Object.assign(new Error('internal'), { name: 'InternalServerError', $metadata: { httpStatusCode: 500 } });

/** What happens to a share of the requests, below the SDK's retries: each try of a command meets it anew. */
const misfortunes: readonly ((send: () => Promise<unknown>) => Promise<unknown>)[] = [
  () => Promise.reject(throttled()),
  () => Promise.reject(internal()),
  () => Promise.reject(timedOut()),
  // The write arrived, and its answer was lost.
  (send) => send().then(() => Promise.reject(timedOut())),
];

const random = randomSource(7);

function unlucky(real: DynamoDBDocumentClient): DynamoDBDocumentClient {
  const middleware: Middleware = (next) => (args) => {
    const send = () => next(args);
    if (random() >= FAULT_SHARE) return send();
    return misfortunes[Math.floor(random() * misfortunes.length)]!(send);
  };
  real.middlewareStack.add(middleware as never, {
    step: 'finalizeRequest',
    priority: 'low',
    name: 'misfortune',
  });
  return real;
}

beforeAll(async () => {
  await createTables();
  // The SDK waits for a random share of its backoff: a small one, or the test would mostly wait.
  jest.spyOn(Math, 'random').mockImplementation(() => random() / 50);
});
afterAll(() => {
  jest.restoreAllMocks();
});

it(`30 % of requests throttled, timed out or failing, ${SESSIONS * CALLS_EACH} appends: none acknowledged is missing, doubled or out of order`, async () => {
  const plain = createSessionsFixture();
  const tested = createSessionsFixture({ documents: unlucky });
  let refused = 0;
  let acknowledged = 0;
  await Promise.all(
    Array.from({ length: SESSIONS }, async (_, i) => {
      const sessionId = await plain.open('unlucky');
      const inOrder: string[] = [];
      for (let call = 0; call < CALLS_EACH; call++) {
        const content = `message ${call}`;
        // Half of the clients repeat what was refused, with a token; the others go on to the next message.
        const clientToken = i % 2 === 0 ? `token-${call}` : undefined;
        for (let tries = 0; tries < 20; tries++) {
          const answer = await tested.append('unlucky', sessionId, { role: 'user', content, clientToken });
          if (answer.status === 201) {
            inOrder.push(content);
            break;
          }
          refused += 1;
          expect([429, 503]).toContain(answer.status);
          expect(answer.headers['retry-after']).toBe('1');
          if (!clientToken) break;
        }
      }
      acknowledged += inOrder.length;
      const stored = (await history(plain, 'unlucky', sessionId)).map(({ content }) => content);
      // What was refused may have arrived all the same, unless a token says that it is known.
      expect(stored.filter((content) => inOrder.includes(content))).toEqual(inOrder);
      if (i % 2 === 0) expect(stored).toHaveLength(CALLS_EACH);
      else expect(new Set(stored).size).toBe(stored.length);
    }),
  );
  // The SDK stops repeating while most requests fail, so that an outage is not made worse.
  expect(acknowledged).toBeGreaterThan(0.6 * SESSIONS * CALLS_EACH);
  expect(acknowledged + refused).toBeGreaterThanOrEqual(SESSIONS * CALLS_EACH);
});
