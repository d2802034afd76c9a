import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { degradable } from '../../../lambdas/context/degradations.ts';
import { randomSource } from '../../../scripts/shared/random.ts';
import { createTables } from '../../support/tables.ts';
import { createSessionsFixture, history } from '../sessions/fixture.ts';
import { createSignalsFixture } from '../signals/fixture.ts';
import { createContextFixture } from './fixture.ts';

const SESSIONS = 40;
const APPENDS_EACH = 22;
/** A context halfway and before the end; with the end, 25 calls a session. */
const APPENDS_PER_CONTEXT = 11;
const CALLS = SESSIONS * (APPENDS_EACH + APPENDS_EACH / APPENDS_PER_CONTEXT + 1);
const FAULT_SHARE = 0.3;
const MOST_TRIES = 20;

type Middleware = (next: (args: never) => Promise<unknown>) => (args: never) => Promise<unknown>;

const throttled = () => Object.assign(new Error('slow down'), { name: 'ThrottlingException' });
const timedOut = () => Object.assign(new Error('timed out'), { name: 'TimeoutError' });
const internal = () =>
  Object.assign(new Error('internal'), { name: 'InternalServerError', $metadata: { httpStatusCode: 500 } });

/** Faults of a share of the requests, below the retries: each try of a command may meet one. */
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
  // Right below the retries: what fails is neither signed nor sent.
  real.middlewareStack.addRelativeTo(middleware as never, {
    relation: 'after',
    toMiddleware: 'retryMiddleware',
    name: 'misfortune',
  });
  return real;
}

interface Tested {
  readonly agentId: string;
  readonly sessionId: string;
  /** Half of the clients repeat what was refused, with a token; the others go on to the next message. */
  readonly repeats: boolean;
  readonly acknowledged: string[];
  record?: { readonly messages: number };
}

beforeAll(() => createTables());
afterAll(() => {
  jest.restoreAllMocks();
});

it(`30 % of requests throttled, timed out or failing, ${CALLS} calls: no acknowledged message is missing, doubled or out of order, and every context is whole but for what it names`, async () => {
  const plain = createSessionsFixture();
  const signals = createSignalsFixture();
  // Three of ten failed calls have no time left for another try.
  const retries = () => random() < 0.7;
  const sessions = createSessionsFixture({ documents: unlucky, retries });
  const contexts = createContextFixture({ documents: unlucky, retries });
  const all: Tested[] = [];
  for (let i = 0; i < SESSIONS; i++) {
    const agentId = `unlucky-${i % 4}`;
    const sessionId = await plain.open(agentId);
    all.push({ agentId, sessionId, repeats: i % 2 === 0, acknowledged: [] });
  }
  await signals.register('scout', ...new Set(all.map(({ agentId }) => agentId)));
  const told = await signals.publish('scout', {
    targetAgents: all.slice(0, 4).map(({ agentId }) => agentId),
  });
  expect(told.status).toBe(201);
  const seen = { refused: 0, calls: 0, whole: 0, degraded: 0 };

  /** The answer of a write, after which nothing else is tried; undefined: refused, as often as it was tried. */
  const write = async (tries: number, call: () => ReturnType<typeof sessions.append>) => {
    seen.calls++;
    for (let i = 0; i < tries; i++) {
      const answer = await call();
      if (answer.status < 300) return answer;
      seen.refused++;
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    }
    return undefined;
  };

  const look = async ({ agentId, sessionId, acknowledged }: Tested): Promise<void> => {
    seen.calls++;
    const { status, body, headers } = await contexts.ask(agentId, { sessionId });
    if (status !== 200) {
      expect([429, 503]).toContain(status);
      expect(headers['retry-after']).toBe('1');
      return;
    }
    for (const name of body.degraded) expect(degradable).toContain(name);
    const has = (name: string): boolean => !body.degraded.includes(name);
    if (body.degraded.length === 0) seen.whole++;
    else seen.degraded++;
    const shown = body.immediate.messages.map(({ content }: { content: string }) => content);
    // What was acknowledged last is in every context from then on.
    const newest = acknowledged.at(-1);
    if (newest !== undefined) expect(shown).toContain(newest);
    expect(body.signals).toHaveLength(has('signals') ? 1 : 0);
    expect(body.exposureId !== null).toBe(has('exposure'));
  };

  const converse = async (tested: Tested): Promise<void> => {
    const { agentId, sessionId, repeats, acknowledged } = tested;
    const tries = repeats ? MOST_TRIES : 1;
    for (let said = 1; said <= APPENDS_EACH; said++) {
      const content = `message ${said}`;
      const clientToken = repeats ? `token-${said}` : undefined;
      const stored = await write(tries, () =>
        sessions.append(agentId, sessionId, { role: 'user', content, clientToken }),
      );
      if (stored) acknowledged.push(content);
      if (said % APPENDS_PER_CONTEXT === 0) await look(tested);
    }
    const ended = await write(tries, () => sessions.end(agentId, sessionId));
    if (ended) tested.record = ended.body.end.analytics;
  };

  // A retry waits for a random share of its backoff: a small one, or the test would mostly wait.
  jest.spyOn(Math, 'random').mockImplementation(() => random() / 50);
  await Promise.all(all.map(converse));
  jest.restoreAllMocks();

  await Promise.all(
    all.map(async ({ agentId, sessionId, repeats, acknowledged, record }) => {
      const stored = (await history(plain, agentId, sessionId)).map(({ content }) => content);
      // What was refused may have arrived all the same, unless a token says that it is known.
      expect(stored.filter((content) => acknowledged.includes(content))).toEqual(acknowledged);
      expect(new Set(stored).size).toBe(stored.length);
      if (repeats) expect(stored).toHaveLength(APPENDS_EACH);
      // Whatever is in its history when it ends is in its record.
      if (record) expect(record.messages).toBe(stored.length);
      else expect(repeats).toBe(false);
    }),
  );
  expect(seen.calls).toBe(CALLS);
  expect(CALLS).toBeGreaterThanOrEqual(1_000);
  const total = all.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  expect(total).toBeGreaterThan(0.6 * SESSIONS * APPENDS_EACH);
  expect(seen.refused).toBeGreaterThan(0);
  expect(seen.whole + seen.degraded).toBeGreaterThan(0.5 * SESSIONS * (APPENDS_EACH / APPENDS_PER_CONTEXT));
});
