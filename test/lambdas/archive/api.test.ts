import { describe, expect, it } from '@jest/globals';
import { Archive } from '../../../lambdas/archive/archive.ts';
import { archiveRoutes } from '../../../lambdas/archive/contract.ts';
import { createArchiveHandler } from '../../../lambdas/archive/archive.lambda.ts';
import { typedId } from '../../../lambdas/shared/platform/ids.ts';
import { type CallInput, call } from '../../support/api.ts';
import { faults } from '../../support/faults.ts';
import { createTestRuntime } from '../../support/runtime.ts';
import { MemoryBucket } from '../../support/s3.ts';
import { recordAt } from './records.ts';

function create() {
  const bucket = new MemoryBucket();
  const store = bucket.store('archive');
  const runtime = createTestRuntime('archive', { now: '2026-06-01T00:00:00.000Z' });
  const handler = createArchiveHandler(runtime, { AUTH_MODE: 'iam' }, () => Promise.resolve(store));
  const arranged = bucket.store();
  return {
    bucket,
    archive: new Archive(() => Promise.resolve(arranged), runtime.clock),
    get: (query: Record<string, string>, more: CallInput = {}) =>
      call(handler, archiveRoutes.listArchived, { params: { agentId: 'a' }, query, ...more }),
  };
}

describe('GET /agents/{agentId}/archive', () => {
  const days = ['2026-03-01', '2026-03-02', '2026-03-03'].map((day) => `${day}T10:00:00.000Z`);

  it('reads a range back in pages, newest first', async () => {
    const { archive, get } = create();
    await archive.write(
      'decisions',
      days.map((time, n) => recordAt(time, n)),
      'expired',
    );
    const first = await get({ table: 'decisions', maxResults: '2' });
    expect(first.body.items.map(({ id }: { id: string }) => id)).toEqual(['D-2', 'D-1']);
    const second = await get({ table: 'decisions', maxResults: '2', nextToken: first.body.nextToken });
    expect(second.body).toMatchObject({ items: [{ id: 'D-0', record: { n: 0 } }], nextToken: null });
    const range = await get({ table: 'decisions', from: days[1]!, to: days[1]! });
    expect(range.body.items).toHaveLength(1);
    expect((await get({ table: 'memory' })).body).toEqual({ items: [], nextToken: null });
  });

  it('reads one record back by an id that says when, or by an id and a date', async () => {
    const { archive, bucket, get } = create();
    await archive.write(
      'memory',
      days.map((time, n) => recordAt(time, n)),
      'pruned',
    );
    const { body } = await get({ table: 'memory', id: 'D-1', from: '2026-01-01T00:00:00Z' });
    expect(body.items).toMatchObject([{ id: 'D-1', reason: 'pruned' }]);
    const time = '2025-07-12T20:45:34.207Z';
    const dated = typedId('SIGNAL_GENERATION', new Date(time), new Uint8Array(10));
    await archive.write('decisions', [recordAt(time, 9, { id: dated })], 'expired');
    bucket.requests.length = 0;
    expect((await get({ table: 'decisions', id: dated })).body.items).toMatchObject([{ id: dated }]);
    expect(bucket.requests.filter((request) => request.endsWith('.gz'))).toHaveLength(1);
    const { body: refused } = await get({ table: 'memory', id: 'D-1' });
    expect(refused.error.issues).toMatchObject([{ path: 'from' }]);
  });

  it('names the field that is wrong', async () => {
    const { get } = create();
    const pathOf = async (query: Record<string, string>) => {
      const { status, body } = await get(query);
      return [status, body.error.issues[0].path];
    };
    expect(await pathOf({})).toEqual([400, 'table']);
    expect(await pathOf({ table: 'runs' })).toEqual([400, 'table']);
    expect(await pathOf({ table: 'decisions', id: 'a/b' })).toEqual([400, 'id']);
    expect(await pathOf({ table: 'decisions', nextToken: 'x' })).toEqual([400, 'nextToken']);
    expect(await pathOf({ table: 'decisions', from: days[1]!, to: days[0]! })).toEqual([400, 'to']);
    const { body } = await get({ table: 'decisions' }, { caller: null });
    expect(body.error.code).toBe('Forbidden');
  });

  it.each(faults)('answers %s without saying what went wrong inside', async (code, error) => {
    const { bucket, get } = create();
    bucket.failure = error;
    const { body } = await get({ table: 'decisions' });
    expect(body.error.code).toBe(code);
    expect(JSON.stringify(body)).not.toContain('secret');
  });
});
