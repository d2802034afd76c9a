import { beforeAll, describe, expect, it } from '@jest/globals';
import { type RouteContract, routeKeyOf } from '../../../lambdas/shared/http/contract.ts';
import { sessionRoutes } from '../../../lambdas/sessions/contract.ts';
import { call, type CallInput } from '../../support/api.ts';
import { alwaysThrows, faults } from '../../support/faults.ts';
import { createTables } from '../../support/tables.ts';
import { createSessionsFixture } from './fixture.ts';

const agent = { agentId: 'refused' };
const params = { ...agent, sessionId: 'SESSION-01JZZZZZZZZZZZZZZZZZZZZZZZ' };
const message = { role: 'user', content: 'hello' };

/** A good request of each route, and bad ones with the path that is at fault. */
const cases: readonly {
  readonly route: RouteContract;
  readonly good: CallInput;
  readonly bad: readonly (readonly [path: string, input: CallInput])[];
  /** It names a session that has to be there. */
  readonly ofSession: boolean;
}[] = [
  {
    route: sessionRoutes.createSession,
    good: { params: agent, body: {} },
    ofSession: false,
    bad: [
      ['userId', { params: agent, body: { userId: 'a#b' } }],
      ['topic', { params: agent, body: { topic: '' } }],
      ['metadata', { params: agent, body: { metadata: [] } }],
      ['expiresAfterSeconds', { params: agent, body: { expiresAfterSeconds: 59 } }],
      ['expiresAfterSeconds', { params: agent, body: { expiresAfterSeconds: 7 * 86_400 + 1 } }],
      ['agentId', { params: { agentId: 'a:b' }, body: {} }],
      ['sessionId', { params: agent, body: { sessionId: 'mine' } }],
    ],
  },
  {
    route: sessionRoutes.listSessions,
    good: { params: agent },
    ofSession: false,
    bad: [
      ['userId', { params: agent, query: { userId: '' } }],
      ['maxResults', { params: agent, query: { maxResults: '0' } }],
      ['nextToken', { params: agent, query: { nextToken: 'x' } }],
    ],
  },
  {
    route: sessionRoutes.getSession,
    good: { params },
    ofSession: true,
    bad: [['sessionId', { params: { ...agent, sessionId: 'a#b' } }]],
  },
  {
    route: sessionRoutes.appendMessage,
    good: { params, body: message },
    ofSession: true,
    bad: [
      ['role', { params, body: { ...message, role: 'agent' } }],
      ['content', { params, body: { ...message, content: '' } }],
      ['content', { params, body: { role: 'user' } }],
      ['metadata', { params, body: { ...message, metadata: 'high' } }],
      ['seq', { params, body: { ...message, seq: 7 } }],
      ['clientToken', { params, body: { ...message, clientToken: '' } }],
    ],
  },
  {
    route: sessionRoutes.endSession,
    good: { params, body: {} },
    ofSession: true,
    bad: [
      ['reason', { params, body: { reason: '' } }],
      ['endedAt', { params, body: { endedAt: '2026-03-01T09:00:00Z' } }],
    ],
  },
  {
    route: sessionRoutes.listMessages,
    good: { params },
    ofSession: true,
    bad: [['nextToken', { params, query: { nextToken: 'e30' } }]],
  },
];

beforeAll(() => createTables());

describe.each(cases.map((one) => [routeKeyOf(one.route), one] as const))(
  '%s',
  (_, { route, good, bad, ofSession }) => {
    const { handler } = createSessionsFixture();

    it.each(bad)('names %s when it is at fault', async (path, input) => {
      const { status, body } = await call(handler, route, input);
      expect(status).toBe(400);
      expect(body.error.issues.map((issue: { path: string }) => issue.path)).toContain(path);
    });

    it('refuses a request nobody signed', async () => {
      expect((await call(handler, route, { ...good, caller: null })).body.error.code).toBe('Forbidden');
    });

    it.each(faults)('answers %s for what DynamoDB could not do, without its words', async (code, error) => {
      const failing = createSessionsFixture({ documents: alwaysThrows(error) }).handler;
      const answer = await call(failing, route, good);
      expect(answer.body.error.code).toBe(code === 'Throttled' ? (route.throttledAs ?? code) : code);
      expect(JSON.stringify(answer.body)).not.toContain('secret');
      if (code !== 'Internal') expect(answer.headers['retry-after']).toBe('1');
    });

    if (ofSession)
      it('does not find a session that is not there', async () => {
        expect((await call(handler, route, good)).body.error.code).toBe('NotFound');
      });

    if (route.body)
      it('refuses a body over 1 MB', async () => {
        const rawBody = JSON.stringify({ note: 'x'.repeat(1024 * 1024) });
        expect((await call(handler, route, { ...good, body: undefined, rawBody })).status).toBe(413);
      });
  },
);
