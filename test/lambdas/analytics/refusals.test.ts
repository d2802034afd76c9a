import { beforeAll, describe, expect, it } from '@jest/globals';
import type { analyticsRoutes } from '../../../lambdas/analytics/contract.ts';
import type { CallInput } from '../../support/api.ts';
import { alwaysThrows, faults } from '../../support/faults.ts';
import { createTables } from '../../support/tables.ts';
import { createAnalytics } from './support.ts';

beforeAll(() => createTables());

const params = { agentId: 'hunter' };
const calls: readonly (readonly [keyof typeof analyticsRoutes, CallInput])[] = [
  ['getSuccessRate', { params }],
  ['getMemoryEffect', { params }],
  ['listEmergingPatterns', { params }],
  ['getReport', { params }],
  ['compareAgents', { query: { decisionType: 'T', agentIds: 'a,b' } }],
];

describe.each(calls)('%s', (name, input) => {
  const { send } = createAnalytics();

  it('refuses a caller without an identity, unknown query fields, and a body', async () => {
    expect((await send(name, { ...input, caller: null })).status).toBe(403);
    const { body } = await send(name, { ...input, query: { ...input.query, deep: 'true' } });
    expect(body.error.issues).toMatchObject([{ path: 'deep' }]);
    expect((await send(name, { ...input, body: {} })).status).toBe(400);
  });

  it.each(faults)('answers %s without saying what went wrong inside', async (code, error) => {
    const { body } = await createAnalytics({ documents: alwaysThrows(error) }).send(name, input);
    expect(body.error.code).toBe(code);
    expect(JSON.stringify(body)).not.toContain('secret');
  });
});
