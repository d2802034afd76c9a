import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { decisionRoutes } from '../../../lambdas/decisions/contract.ts';
import { type CallInput, type Answer } from '../../support/api.ts';
import { createApi, type DecisionsApi } from './support.ts';

const decisionId = 'RISK_ASSESSMENT-01KJMDZV20R6BZ1E7J5C4D8QXT';
const decision = { decisionType: 'RISK_ASSESSMENT', context: {} };
const outcome = { status: 'success' };

const requests: Record<keyof typeof decisionRoutes, CallInput> = {
  logDecision: { params: { agentId: 'hunter' }, body: decision },
  logDecisions: { params: { agentId: 'hunter' }, body: { decisions: [decision, decision] } },
  listDecisions: { params: { agentId: 'hunter' } },
  getDecision: { params: { agentId: 'hunter', decisionId } },
  recordOutcome: { params: { agentId: 'hunter', decisionId }, body: outcome },
  recordOutcomeByTrace: { params: { agentId: 'hunter', spanId: '00f067aa0ba902b7' }, body: outcome },
  recordOutcomes: { params: { agentId: 'hunter' }, body: { outcomes: [{ decisionId, ...outcome }] } },
  getChain: { params: { agentId: 'hunter', decisionId } },
  listDecisionsOfType: { query: { decisionType: 'RISK_ASSESSMENT' } },
};

const apiThatThrows = (error: Error): DecisionsApi =>
  createApi({
    documents: (real) =>
      new Proxy(real, {
        get: (target, name, receiver) =>
          name === 'send' ? () => Promise.reject(error) : Reflect.get(target, name, receiver),
      }) as DynamoDBDocumentClient,
  });

const faults = {
  Throttled: Object.assign(new Error('slow down'), { name: 'ThrottlingException' }),
  Unavailable: Object.assign(new Error('oops'), { name: 'InternalServerError', $fault: 'server' }),
  Internal: new Error('secret detail'),
};

describe.each(Object.keys(requests) as (keyof typeof decisionRoutes)[])('%s', (route) => {
  const request = requests[route];

  it.each(Object.entries(faults))('answers %s when the database does', async (code, error) => {
    const { body, headers } = await apiThatThrows(error).call(route, request);
    expect(body.error.code).toBe(code);
    expect(JSON.stringify(body)).not.toContain('secret');
    if (code !== 'Internal') expect(headers['retry-after']).toBe('1');
  });

  const untouched = apiThatThrows(new Error('the database was called'));
  const refused = async (input: CallInput): Promise<Answer['body']> =>
    (await untouched.call(route, input)).body.error;

  it('fails closed without an identity', async () => {
    expect(await refused({ ...request, caller: null })).toMatchObject({ code: 'Forbidden' });
  });

  it('refuses unknown query fields', async () => {
    const query = { ...request.query, surprise: '1' };
    expect(await refused({ ...request, query })).toMatchObject({
      code: 'ValidationFailed',
      issues: [{ path: 'surprise' }],
    });
  });

  it('refuses a path that is another spelling of its own', async () => {
    const params: Record<string, string> = request.params ?? {};
    const path = decisionRoutes[route].path.replace(/\{(\w+)\}/g, (_, name: string) => params[name]!);
    const rawPath = `${path}/`;
    expect(await refused({ ...request, rawPath })).toMatchObject({ code: 'ValidationFailed' });
  });

  if ('body' in decisionRoutes[route]) {
    it('refuses an oversize body, malformed JSON and lone surrogates', async () => {
      expect(
        await refused({ ...request, rawBody: `{"context":"${'x'.repeat(1024 * 1024)}"}` }),
      ).toMatchObject({
        code: 'TooLarge',
      });
      for (const rawBody of ['{', '"text"', '{"context":{"a":"\\ud800"}}'])
        expect(await refused({ ...request, rawBody })).toMatchObject({ code: 'ValidationFailed' });
    });
  }
});
