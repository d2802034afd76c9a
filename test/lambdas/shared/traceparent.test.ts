import { Logger } from '@aws-lambda-powertools/logger';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import * as z from 'zod';
import { NotFoundError } from '../../../lambdas/shared/errors.ts';
import { defineRoute } from '../../../lambdas/shared/http/contract.ts';
import { createHttpHandler } from '../../../lambdas/shared/http/handler.ts';
import { parseTraceParent } from '../../../lambdas/shared/http/traceparent.ts';
import { agentIdSchema } from '../../../lambdas/shared/schema/fields.ts';
import { eventOf, lambdaContext } from '../../support/api.ts';
import { createTestRuntime } from '../../support/runtime.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parentSpanId = '00f067aa0ba902b7';
const traceparent = `00-${traceId}-${parentSpanId}-01`;

describe('a traceparent', () => {
  it.each([traceparent, `00-${traceId}-${parentSpanId}-00`, `cc-${traceId}-${parentSpanId}-01-what-comes`])(
    '%s is understood',
    (header) => {
      expect(parseTraceParent(header)).toEqual({ traceId, parentSpanId });
    },
  );

  it.each([
    undefined,
    '',
    'x',
    traceparent.toUpperCase(),
    ` ${traceparent}`,
    `${traceparent}-more`,
    `${traceparent},${traceparent}`,
    `ff-${traceId}-${parentSpanId}-01`,
    `00-${'0'.repeat(32)}-${parentSpanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.slice(1)}-${parentSpanId}-01`,
    `00-${traceId}-${parentSpanId}-1`,
    `cc-${traceId}-${parentSpanId}-01.x`,
    `cc-${traceId}-${parentSpanId}-01-${'x'.repeat(300)}`,
    `00-${traceId}-${parentSpanId}-01\n`,
  ])('%j is ignored', (header) => {
    expect(parseTraceParent(header)).toBeUndefined();
  });
});

describe('a request with a traceparent', () => {
  const route = defineRoute({
    method: 'GET',
    path: '/agents/{agentId}/thing',
    audience: 'agent',
    summary: 'A route of this test',
    params: z.strictObject({ agentId: agentIdSchema }),
    query: z.strictObject({}),
    response: z.object({}),
    status: 200,
    errors: ['NotFound'],
  });
  const lines: Record<string, unknown>[] = [];
  afterEach(() => {
    jest.restoreAllMocks();
    lines.length = 0;
  });

  async function request(agentId: string, headers: Record<string, string>) {
    const logger = new Logger({ serviceName: 'decisions', logLevel: 'INFO' });
    for (const stream of [process.stdout, process.stderr])
      jest.spyOn(stream, 'write').mockImplementation((text) => {
        lines.push(JSON.parse(String(text)) as Record<string, unknown>);
        return true;
      });
    const handler = createHttpHandler(
      { ...createTestRuntime('unrecorded'), logger },
      'iam',
      { getThing: route },
      {
        getThing: async ({ params }) => {
          if (params.agentId === 'nobody') throw new NotFoundError('none');
          if (params.agentId === 'broken') throw new Error('broken');
          return {};
        },
      },
    );
    const answer = await handler(eventOf(route, { params: { agentId }, headers }), lambdaContext);
    jest.restoreAllMocks();
    return answer;
  }

  it.each([
    ['a', 200],
    ['nobody', 404],
    ['broken', 500],
    ['a#b', 400],
  ])('of %s has it in its log lines, and gets it back with its %d', async (agentId, status) => {
    const { statusCode, headers, body } = await request(agentId, { traceparent });
    expect(statusCode).toBe(status);
    expect(headers).toMatchObject({
      traceparent,
      'content-type': 'application/json; charset=utf-8',
    });
    expect(lines).toMatchObject([{ traceId, parentSpanId }]);
    // The contract of a body is the same for everyone.
    expect(String(body)).not.toContain(traceId);
  });

  it('that is malformed, or without one, is answered as ever', async () => {
    for (const headers of [{}, { traceparent: 'x' }] as Record<string, string>[]) {
      const answer = await request('a', headers);
      expect(answer.statusCode).toBe(200);
      expect(answer.headers).not.toHaveProperty('traceparent');
    }
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).not.toHaveProperty('traceId');
  });
});
