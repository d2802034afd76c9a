import { describe, expect, it } from '@jest/globals';
import { healthRoutes } from '../../lambdas/health/contract.ts';
import { createHealthHandler } from '../../lambdas/health/health.lambda.ts';
import { call } from '../support/api.ts';
import { createTestRuntime } from '../support/runtime.ts';

const { getHealth } = healthRoutes;

describe('health', () => {
  const handler = createHealthHandler(createTestRuntime('health', { now: '2026-03-01T00:00:00Z' }));

  it('answers without a signature', async () => {
    const answer = await call(handler, getHealth, { caller: null });
    expect(answer).toMatchObject({ status: 200, body: { status: 'ok', time: '2026-03-01T00:00:00.000Z' } });
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
