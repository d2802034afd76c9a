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

beforeAll(() => createTables());
afterAll(() => {
  jest.restoreAllMocks();
});

it(`30 % of requests throttled, timed out or failing, ${SESSIONS * CALLS_EACH} appends: none acknowledged is missing, doubled or out of order`, async () => {
  const plain = createSessionsFixture();
  const tested = createSessionsFixture({ documents: unlucky });
  const sessions: { sessionId: string; repeats: boolean; acknowledged: string[] }[] = [];
  for (let i = 0; i < SESSIONS; i++)
    sessions.push({ sessionId: await plain.open('unlucky'), repeats: i % 2 === 0, acknowledged: [] });
  // The SDK waits for a random share of its backoff: a small one, or the test would mostly wait.
  jest.spyOn(Math, 'random').mockImplementation(() => random() / 50);
  let refused = 0;
  await Promise.all(
    sessions.map(async ({ sessionId, repeats, acknowledged }) => {
      for (let call = 0; call < CALLS_EACH; call++) {
        const content = `message ${call}`;
        // Half of the clients repeat what was refused, with a token; the others go on to the next message.
        const clientToken = repeats ? `token-${call}` : undefined;
        for (let tries = 0; tries < 20; tries++) {
          const answer = await tested.append('unlucky', sessionId, { role: 'user', content, clientToken });
          if (answer.status === 201) {
            acknowledged.push(content);
            break;
          }
          refused += 1;
          expect([429, 503]).toContain(answer.status);
          expect(answer.headers['retry-after']).toBe('1');
          if (!repeats) break;
        }
      }
    }),
  );
  jest.restoreAllMocks();
  for (const { sessionId, repeats, acknowledged } of sessions) {
    const stored = (await history(plain, 'unlucky', sessionId)).map(({ content }) => content);
    // What was refused may have arrived all the same, unless a token says that it is known.
    expect(stored.filter((content) => acknowledged.includes(content))).toEqual(acknowledged);
    expect(new Set(stored).size).toBe(stored.length);
    if (repeats) expect(stored).toHaveLength(CALLS_EACH);
  }
  const total = sessions.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  // The SDK stops repeating while most requests fail, so that an outage is not made worse.
  expect(total).toBeGreaterThan(0.6 * SESSIONS * CALLS_EACH);
  expect(total + refused).toBeGreaterThanOrEqual(SESSIONS * CALLS_EACH);
});
