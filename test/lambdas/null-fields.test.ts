import { beforeAll, describe, expect, it } from '@jest/globals';
import { createTables } from '../support/tables.ts';
import { createApi } from './decisions/support.ts';
import { createMemoriesFixture } from './memories/fixture.ts';

beforeAll(() => createTables());

describe('null in a stored request', () => {
  const api = createApi();
  const timestamp = '2026-03-01T09:30:00.000Z';
  const plain = { decisionType: 'TRADE_EXECUTION', timestamp, clientToken: 'one', context: { price: null } };
  const withNulls = {
    ...plain,
    timestamp: '2026-03-01T10:30:00.000456+01:00',
    exposureId: null,
    action: null,
    reasoning: null,
    parent: null,
  };

  it('is the same write under the same token, single and in a batch, with another spelling of the time', async () => {
    const first = await api.log('a', plain);
    expect(first.body).toMatchObject({ timestamp, context: { price: null } });
    for (const field of ['exposureId', 'action', 'reasoning', 'parent'])
      expect(first.body).not.toHaveProperty(field);
    expect((await api.log('a', withNulls)).body).toEqual(first.body);
    const { body } = await api.call('logDecisions', {
      params: { agentId: 'a' },
      body: { decisions: [withNulls, { ...withNulls, context: null }] },
    });
    expect(body.items).toEqual([first.body]);
    expect(body.failed).toMatchObject([{ index: 1, message: expect.stringContaining('context') }]);
  });

  it('is absent in an outcome, down to its trade', async () => {
    const { body } = await api.log('a', { decisionType: 'TRADE_EXECUTION', context: {} });
    const trade = { symbol: 'BTC-USD', side: 'long', size: null, pnl: 5, fees: null };
    const recorded = await api.outcome('a', body.decisionId, {
      status: 'success',
      qualityScore: null,
      occurredAt: null,
      trade,
    });
    expect(recorded.status).toBe(200);
    expect(recorded.body.outcome.trade).toEqual({ symbol: 'BTC-USD', side: 'long', pnl: 5 });
    expect(recorded.body.outcome).not.toHaveProperty('qualityScore');
  });

  it('clears what a PATCH can clear, and leaves the rest as it is', async () => {
    const { save, update } = createMemoriesFixture();
    const { body } = await save('b', { metadata: { topic: 'btc' }, tags: ['x'], provenance: null });
    const changed = await update('b', body.memoryId, {
      expectedVersion: 1,
      metadata: null,
      tags: null,
      pinned: null,
    });
    expect(changed.body).toMatchObject({ tags: ['x'], pinned: false, version: 2 });
    expect(changed.body).not.toHaveProperty('metadata');
    const nothing = await update('b', body.memoryId, { expectedVersion: 2, tags: null });
    expect(nothing.body.error.issues).toMatchObject([{ path: 'body', message: 'changes nothing' }]);
  });
});
