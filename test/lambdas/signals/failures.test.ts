import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { RouteContract } from '../../../lambdas/shared/http/contract.ts';
import { signalRoutes } from '../../../lambdas/signals/contract.ts';
import { call, type CallInput } from '../../support/api.ts';
import { createTables } from '../../support/tables.ts';
import { aSignal, createSignalsFixture } from './fixture.ts';

const agent = { agentId: 'hunter' };
const delivery = { agentId: 'risk', signalId: 'NEWS-01JKMMA2G0AA68XJGBPHXTZH4T' };

/** A good request of each route, and bad ones with the path that is at fault. */
const cases: readonly {
  readonly route: RouteContract;
  readonly good: CallInput;
  readonly bad: readonly (readonly [path: string, input: CallInput])[];
}[] = [
  {
    route: signalRoutes.publishSignal,
    good: { params: agent, body: { ...aSignal, targetAgents: ['hunter'] } },
    bad: [
      ['signalType', { params: agent, body: { ...aSignal, signalType: 'lower' } }],
      ['severity', { params: agent, body: { ...aSignal, severity: 'HIGH' } }],
      ['confidence', { params: agent, body: { ...aSignal, confidence: 1.01 } }],
      ['data', { params: agent, body: { ...aSignal, data: [] } }],
      ['ttlSeconds', { params: agent, body: { ...aSignal, ttlSeconds: 86_401 } }],
      ['targetAgents', { params: agent, body: { ...aSignal, targetAgents: [] } }],
      ['targetAgents.0', { params: agent, body: { ...aSignal, targetAgents: ['a#b'] } }],
      ['timestamp', { params: agent, body: { ...aSignal, timestamp: '2096-03-01T12:00:00+01:00' } }],
      ['sourceAgent', { params: agent, body: { ...aSignal, sourceAgent: 'risk' } }],
      ['body', { params: agent, rawBody: '{' }],
      ['agentId', { params: { agentId: 'a#b' }, body: aSignal }],
      ['path', { params: agent, body: aSignal, rawPath: '/agents/hunter//signals' }],
    ],
  },
  {
    route: signalRoutes.putSubscriptions,
    good: { params: agent, body: { signalTypes: ['NEWS'] } },
    bad: [
      ['signalTypes.0', { params: agent, body: { signalTypes: ['news'] } }],
      ['signalTypes', { params: agent, body: {} }],
      ['signalTypes', { params: agent, body: { signalTypes: Array(50).fill('NEWS') } }],
    ],
  },
  {
    route: signalRoutes.getSubscriptions,
    good: { params: agent },
    bad: [['signalType', { params: agent, query: { signalType: 'NEWS' } }]],
  },
  {
    route: signalRoutes.listInbox,
    good: { params: agent },
    bad: [
      ['status', { params: agent, query: { status: 'pending' } }],
      ['maxResults', { params: agent, query: { maxResults: '101' } }],
      ['nextToken', { params: agent, query: { nextToken: 'garbage' } }],
    ],
  },
  {
    route: signalRoutes.acknowledgeSignal,
    good: { params: delivery, body: { status: 'PROCESSED' } },
    bad: [
      ['status', { params: delivery, body: {} }],
      ['leaseSeconds', { params: delivery, body: { status: 'PROCESSING', leaseSeconds: 0 } }],
      ['decisionId', { params: delivery, body: { status: 'PROCESSING', decisionId: 'A-1' } }],
      ['signalId', { params: { ...delivery, signalId: '-' }, body: { status: 'PROCESSED' } }],
    ],
  },
  {
    route: signalRoutes.listSentSignals,
    good: { params: agent },
    bad: [['maxResults', { params: agent, query: { maxResults: 'many' } }]],
  },
  {
    route: signalRoutes.getSignal,
    good: { params: delivery },
    bad: [['signalId', { params: { ...delivery, signalId: 'a:b' } }]],
  },
  {
    route: signalRoutes.listSignalsOfType,
    good: { query: { signalType: 'NEWS' } },
    bad: [
      ['signalType', { query: {} }],
      ['from', { query: { signalType: 'NEWS', from: 'yesterday' } }],
    ],
  },
];

const failingWith = (error: Error) =>
  createSignalsFixture({
    documents: () => ({ send: () => Promise.reject(error) }) as unknown as DynamoDBDocumentClient,
  }).handler;

const named = (name: string, more: object = {}): Error =>
  Object.assign(new Error('table arn:aws:secret'), { name, ...more });

beforeAll(() => createTables());

describe.each(cases.map((one) => [`${one.route.method} ${one.route.path}`, one] as const))(
  '%s',
  (_, { route, good, bad }) => {
    const { handler } = createSignalsFixture();

    it.each(bad)('names %s when it is at fault', async (path, input) => {
      const { status, body } = await call(handler, route, input);
      expect(status).toBe(400);
      expect(body.error.issues.map((issue: { path: string }) => issue.path)).toContain(path);
    });

    it('refuses a request nobody signed', async () => {
      expect((await call(handler, route, { ...good, caller: null })).body.error.code).toBe('Forbidden');
    });

    it.each([
      ['Throttled', named('ThrottlingException', { $fault: 'client' })],
      ['Unavailable', named('InternalServerError', { $fault: 'server' })],
      ['Internal', new Error('table arn:aws:secret')],
    ])('answers %s for what DynamoDB could not do, without its words', async (code, error) => {
      const answer = await call(failingWith(error), route, good);
      expect(answer.body.error.code).toBe(code);
      expect(JSON.stringify(answer.body)).not.toContain('secret');
    });

    if (route.body)
      it('refuses a body over 1 MB', async () => {
        const rawBody = JSON.stringify({ note: 'x'.repeat(1024 * 1024) });
        expect((await call(handler, route, { ...good, body: undefined, rawBody })).status).toBe(413);
      });
  },
);
