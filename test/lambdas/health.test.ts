import { describe, expect, it } from '@jest/globals';
import { healthRoutes } from '../../lambdas/health/contract.ts';
import { createHealthHandler } from '../../lambdas/health/health.lambda.ts';
import { call, eventOf, lambdaContext } from '../support/api.ts';
import { createTestRuntime } from '../support/runtime.ts';

const { getHealth } = healthRoutes;

/** A request that no route takes, as API Gateway hands it over. */
async function unrouted(method: string, path: string) {
  const handler = createHealthHandler(createTestRuntime('health'));
  const event = eventOf(getHealth, { rawPath: path });
  const { http } = event.requestContext;
  const result = await handler(
    {
      ...event,
      routeKey: '$default',
      requestContext: { ...event.requestContext, http: { ...http, method } },
    },
    lambdaContext,
  );
  const { error } = JSON.parse(result.body ?? '') as { error: { code: string; message: string } };
  return { status: result.statusCode, allow: result.headers?.['allow'], ...error };
}

describe('a request that no route takes', () => {
  it.each([
    ['POST', '/health', 'GET, HEAD'],
    ['OPTIONS', '/agents/a/decisions', 'GET, POST'],
    ['POST', '/agents/a', 'DELETE, GET, PUT'],
    ['PATCH', '/agents/a/working/key', 'DELETE, GET, PUT'],
    ['POST', '/agents', 'GET'],
    // An id may not be `batch`, as far as this path is concerned.
    ['OPTIONS', '/agents/a/decisions/batch', 'POST'],
  ])('%s %s: 405 with the methods of the path, %s', async (method, path, allow) => {
    const answer = await unrouted(method, path);
    expect(answer.allow).toBe(allow);
    expect(answer).toMatchObject({ status: 405, code: 'MethodNotAllowed' });
    expect(answer.message).toContain(allow);
  });

  it.each([
    ['/health/', '/health'],
    ['/agents/a/decisions/', '/agents/a/decisions'],
    ['/agents/a/inbox//', '/agents/a/inbox'],
  ])('%s: 404 that names %s', async (path, right) => {
    const answer = await unrouted('GET', path);
    expect(answer).toMatchObject({ status: 404, code: 'NotFound' });
    expect(answer.message).toMatch(new RegExp(` ${right}$`));
  });

  it.each([
    '/',
    '/nope',
    '/agents/a/nope',
    '/agents//decisions',
    '//agents/a/',
    '/AGENTS/a',
    '/agents/a%2Fdecisions/x/y',
  ])('%s: 404', async (path) => {
    expect(await unrouted('GET', path)).toMatchObject({
      status: 404,
      code: 'NotFound',
      message: 'No route has this path',
    });
  });
});

describe('health', () => {
  const handler = createHealthHandler(createTestRuntime('health', { now: '2026-03-01T00:00:00Z' }));

  it('answers without a signature', async () => {
    const answer = await call(handler, getHealth, { caller: null });
    expect(answer).toMatchObject({ status: 200, body: { status: 'ok', time: '2026-03-01T00:00:00.000Z' } });
  });

  it('answers a request for the head alone with the status and no body', async () => {
    const event = eventOf(getHealth, { caller: null });
    const { http } = event.requestContext;
    const head = await handler(
      {
        ...event,
        routeKey: 'HEAD /health',
        requestContext: { ...event.requestContext, http: { ...http, method: 'HEAD' } },
      },
      lambdaContext,
    );
    expect(head).toMatchObject({ statusCode: 200, body: '' });
  });

  it('says nothing about what went wrong inside', async () => {
    const broken = createHealthHandler({
      ...createTestRuntime('health'),
      clock: () => {
        throw new Error('secret detail');
      },
    });
    const answer = await call(broken, getHealth);
    expect(answer.body.error).toMatchObject({ code: 'Internal' });
    expect(JSON.stringify(answer.body)).not.toContain('secret');
  });

  it('refuses unknown query fields, naming them', async () => {
    const answer = await call(handler, getHealth, { query: { deep: 'true' } });
    expect(answer.body.error).toMatchObject({
      code: 'ValidationFailed',
      issues: [{ path: 'deep', message: 'is not a known field' }],
    });
  });
});
