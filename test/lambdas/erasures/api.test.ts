import { beforeAll, describe, expect, it } from '@jest/globals';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { erasureRoutes } from '../../../lambdas/erasures/contract.ts';
import { ErasureLedger } from '../../../lambdas/erasures/erasure-ledger.ts';
import { createErasuresHandler } from '../../../lambdas/erasures/erasures.lambda.ts';
import { HOUR_MS } from '../../../lambdas/shared/platform/clock.ts';
import { call, type CallInput } from '../../support/api.ts';
import { alwaysThrows, faults } from '../../support/faults.ts';
import { createTestRuntime, type TestRuntimeOptions } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createErasurePipeline, NOW } from './erasure-pipeline.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

beforeAll(() => createTables());

const ABSENT = 'ERASURE-01JZZZZZZZZZZZZZZZZZZZZZZZ';
const { startErasure, getErasure } = erasureRoutes;

const createHandler = (documents?: TestRuntimeOptions['documents']) =>
  createErasuresHandler(
    createTestRuntime('erasures', { now: NOW, documents }),
    {
      AUTH_MODE: 'iam',
      STATE_TABLE: tableName('state'),
      ERASER_FUNCTION_NAME: 'eraser',
      LOG_RETENTION_DAYS: 30,
    },
    { send: async () => ({}) } as unknown as LambdaClient,
  );

describe('an erasure', () => {
  it('is on record before anything is done, and says what no erasure reaches and until when', async () => {
    const erasures = createErasurePipeline();
    const { status, body } = await erasures.start({ body: { agentId: 'nobody' } });
    expect(status).toBe(202);
    expect(body).toMatchObject({ agentId: 'nobody', status: 'PENDING', finishedAt: null, left: null });
    expect((await erasures.get(body.erasureId)).body).toEqual(body);
    const until = Object.fromEntries(
      body.stillHeld.map(({ where, until }: Record<string, string>) => [where, until]),
    );
    expect(until).toEqual({
      backups: '2026-04-05T12:00:00.000Z',
      streams: '2026-03-02T12:00:00.000Z',
      logs: '2026-03-31T12:00:00.000Z',
      failures: '2026-05-31T12:00:00.000Z',
      erasure: '2026-05-30T12:00:00.000Z',
    });
  });

  it('that stands still for an hour has failed, and a worker that comes after its end does nothing', async () => {
    const erasures = createErasurePipeline();
    const { body: still } = await erasures.start({ body: { agentId: 'nobody' } });
    const done = await erasures.erase({ agentId: 'nobody' });
    erasures.runtime.advance(HOUR_MS);
    expect((await erasures.get(still.erasureId)).body).toMatchObject({
      status: 'FAILED',
      error: expect.stringContaining('ask for it again'),
    });
    await erasures.work({ erasureId: done.erasureId });
    await erasures.work({ erasureId: ABSENT });
    expect((await erasures.get(done.erasureId)).body).toMatchObject({
      status: 'SUCCEEDED',
      passes: done.passes,
    });
  });

  it('gives up on whom it cannot catch up with', async () => {
    const erasures = createErasurePipeline();
    const { body } = await erasures.start({ body: { agentId: 'busy' } });
    const runtime = createTestRuntime('eraser', { now: NOW });
    const ledger = new ErasureLedger(new Table(runtime.unrecorded, tableName('state'), runtime.clock));
    for (let pass = 0; pass < 20; pass++) await ledger.countPass(body.erasureId);
    await erasures.work({ erasureId: body.erasureId });
    expect((await erasures.get(body.erasureId)).body).toMatchObject({
      status: 'FAILED',
      left: null,
      error: expect.stringContaining('stop who writes it'),
    });
  });

  it('is of an agent or of a user', async () => {
    const erasures = createErasurePipeline();
    for (const body of [{}, { agentId: 'a', userId: 'b' }, { agentId: 'a/b' }]) {
      const { status, body: refused } = await erasures.start({ body });
      expect([status, refused.error.issues[0].path]).toEqual([400, 'agentId']);
    }
    const large = await erasures.start({ rawBody: `{"agentId":"${'x'.repeat(1024 * 1024)}"}` });
    expect(large.status).toBe(413);
    const { body } = await erasures.get(ABSENT);
    expect(body.error.code).toBe('NotFound');
    expect((await erasures.get('a%b')).status).toBe(400);
  });

  const calls: readonly (readonly [keyof typeof erasureRoutes, CallInput])[] = [
    ['startErasure', { body: { userId: 'user-42' } }],
    ['getErasure', { params: { erasureId: ABSENT } }],
  ];
  it.each(calls)(
    '%s is refused without an identity, and tells nothing of what fails inside',
    async (name, input) => {
      const route = name === 'startErasure' ? startErasure : getErasure;
      const { body } = await call(createHandler(), route, { ...input, caller: null });
      expect(body.error.code).toBe('Forbidden');
      for (const [code, error] of faults) {
        const { body: failed } = await call(createHandler(alwaysThrows(error)), route, input);
        expect(failed.error.code).toBe(code);
        expect(JSON.stringify(failed)).not.toContain('secret');
      }
    },
  );
});
