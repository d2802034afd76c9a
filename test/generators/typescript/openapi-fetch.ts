import createClient from 'openapi-fetch';
import type { components, paths } from '../.generated/typescript/openapi-fetch/schema.ts';
import { expect } from './expect.ts';

type NewDecision = components['schemas']['NewDecision'];

/** Uses the generated types as a client's author would; that it compiles is half of the check. */
export async function callService(baseUrl: string): Promise<void> {
  const client = createClient<paths>({ baseUrl });
  const path = { agentId: 'openapi-fetch' };
  const decision: NewDecision = { decisionType: 'TRADE_EXECUTION', context: { a: 1, b: { c: [true] } } };

  const logged = await client.POST('/agents/{agentId}/decisions', { params: { path }, body: decision });
  expect(logged.data !== undefined, 'a decision', logged.error);
  const { decisionId } = logged.data;

  const outcome = await client.PUT('/agents/{agentId}/decisions/{decisionId}/outcome', {
    params: { path: { ...path, decisionId } },
    body: { status: 'success', metrics: { returnPct: 1.4 } },
  });
  expect(outcome.data?.outcome.status === 'success', 'the outcome', outcome.error);

  const listed = await client.GET('/agents/{agentId}/decisions', {
    params: { path, query: { decisionType: 'TRADE_EXECUTION', outcome: 'success', maxResults: 5 } },
  });
  expect(listed.data?.items[0]?.decisionId === decisionId, 'the decision in a list', listed.error);

  const batch = await client.POST('/agents/{agentId}/decisions/batch', {
    params: { path },
    body: { decisions: [decision, { ...decision, decisionType: 'not a type' }] },
  });
  expect(batch.data?.items.length === 1, 'one row logged', batch.error);
  expect(batch.data.failed[0]?.index === 1, 'one row refused alone', batch.data.failed);

  const refused = await client.PUT('/agents/{agentId}/decisions/{decisionId}/outcome', {
    params: { path: { ...path, decisionId } },
    // @ts-expect-error -- no such status
    body: { status: 'won' },
  });
  expect(refused.response.status === 400, 'a refusal', refused.response.status);
  expect(refused.error?.error.code === 'ValidationFailed', 'an Error', refused.error);
  expect(refused.error.error.issues?.[0]?.path === 'status', 'the field', refused.error);
}
