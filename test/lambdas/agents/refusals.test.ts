import { beforeAll, describe, expect, it } from '@jest/globals';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { agentRoutes } from '../../../lambdas/agents/contract.ts';
import { type RouteContract, routeKeyOf } from '../../../lambdas/shared/http/contract.ts';
import { call, type CallInput } from '../../support/api.ts';
import { createTables } from '../../support/tables.ts';
import { startAgents } from './agents-handler.ts';

beforeAll(() => createTables());

const params: Record<string, string> = {
  agentId: 'hunter',
  key: 'current-context',
  checkpointId: 'CHECKPOINT-01JZZZZZZZZZZZZZZZZZZZZZZZ',
};
const paramsOf = (route: RouteContract) =>
  Object.fromEntries(Object.keys(route.params.shape).map((name) => [name, params[name]!]));

const bodies: Partial<Record<keyof typeof agentRoutes, unknown>> = {
  putAgent: { type: 'analyst' },
  putState: { status: 'active' },
  putWorking: { value: 1 },
  appendWorking: { items: [1] },
  count: { windowSeconds: 60 },
};
const queries: Partial<Record<keyof typeof agentRoutes, Record<string, string>>> = {
  getCount: { windowSeconds: '60' },
};

const routes = Object.entries(agentRoutes).map(([name, route]): [string, RouteContract, CallInput] => [
  routeKeyOf(route),
  route,
  {
    params: paramsOf(route),
    ...(route.body && { body: bodies[name as never] ?? {} }),
    ...(name in queries && { query: queries[name as keyof typeof agentRoutes]! }),
  },
]);

const failing = (error: Error) =>
  startAgents({
    documents: () => ({ send: () => Promise.reject(error) }) as unknown as DynamoDBDocumentClient,
  }).handler;
const named = (name: string, more: object = {}) =>
  Object.assign(new Error('secret detail'), { name, ...more });

describe.each(routes)('%s', (_, route, input) => {
  it('refuses a request without an identity', async () => {
    const { handler } = startAgents();
    expect((await call(handler, route, { ...input, caller: null })).body.error.code).toBe('Forbidden');
  });

  it('refuses a query it does not know, and an id that cannot be one', async () => {
    const { handler } = startAgents();
    const unknown = await call(handler, route, { ...input, query: { ...input.query, surprise: '1' } });
    expect(unknown.body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path: 'surprise' }] });
    for (const name of Object.keys(route.params.shape)) {
      const hostile = await call(handler, route, { ...input, params: { ...input.params, [name]: 'a#b' } });
      expect(hostile.body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path: name }] });
    }
  });

  it.each([
    ['Throttled', named('ThrottlingException')],
    ['Unavailable', named('InternalServerError', { $fault: 'server' })],
    ['Internal', new Error('secret detail')],
  ])('answers %s when the table does, and tells no more', async (code, error) => {
    const { body } = await call(failing(error), route, input);
    expect(body.error.code).toBe(code);
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  if (route.body) {
    it('refuses a body over 1 MB, and one with a field it does not know', async () => {
      const { handler } = startAgents();
      const large = await call(handler, route, {
        ...input,
        rawBody: JSON.stringify('x'.repeat(1024 * 1024)),
      });
      expect(large.body.error.code).toBe('TooLarge');
      const unknown = await call(handler, route, {
        ...input,
        body: { ...(input.body as object), surprise: 1 },
      });
      expect(unknown.body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path: 'surprise' }] });
    });
  }
});
