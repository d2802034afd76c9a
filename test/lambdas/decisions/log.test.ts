import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createTables } from '../../support/tables.ts';
import { createApi, hoursAgo, NOW } from './support.ts';

beforeAll(() => createTables());

const full = {
  decisionType: 'TRADE_EXECUTION',
  context: { market: { trend: 'up', price: 61_250.5, volume: 1e21 }, tags: ['a', 'b'], none: null },
  timestamp: '2026-03-01T11:59:00Z',
  agentVersion: '1.2.3',
  sessionId: 'session-1',
  action: 'buy',
  reasoning: {
    scores: { a: 0.1 },
    selected: ['a'],
    memoryInfluenced: true,
    exploration: false,
    confidence: 0.7,
  },
  outcome: {
    status: 'success',
    qualityScore: 0.9,
    metrics: { returnPct: 1.4 },
    trade: { symbol: 'BTC-USD', side: 'long', size: 1, entryPrice: 100, exitPrice: 110, fees: 1, pnl: 9 },
    providers: [
      { provider: 'a', vote: 'buy', confidence: 0.8 },
      { provider: 'b', vote: 'against' },
    ],
    regime: 'bull',
  },
  tags: ['live'],
};

describe('logging a decision', () => {
  const api = createApi();

  it('answers with everything it stored, and a read by id says the same', async () => {
    const { body } = await api.log('hunter', full);
    expect(body).toMatchObject({
      ...full,
      agentId: 'hunter',
      timestamp: '2026-03-01T11:59:00.000Z',
      status: 'success',
      outcome: { ...full.outcome, occurredAt: '2026-03-01T11:59:00.000Z' },
      outcomeRevision: 1,
      depth: 1,
      loggedAt: NOW,
    });
    expect(body.decisionId).toMatch(/^TRADE_EXECUTION-[0-9A-Z]{26}$/);
    expect((await api.get('hunter', body.decisionId)).body).toEqual(body);
  });

  it('takes the wall clock when no time is given, and waits for the outcome', async () => {
    const { body } = await api.log('hunter');
    expect(body).toMatchObject({ timestamp: NOW, status: 'pending', outcomeRevision: 0 });
    expect(body).not.toHaveProperty('outcome');
  });

  it('keeps a decision 90 days from the write, however old it is', async () => {
    const late = createApi();
    const { body } = await late.log('hunter', { timestamp: '2020-01-01T00:00:00Z' });
    late.runtime.advance(90 * 86_400_000 - 1);
    expect((await late.get('hunter', body.decisionId)).status).toBe(200);
    late.runtime.advance(1);
    expect((await late.get('hunter', body.decisionId)).body.error.code).toBe('NotFound');
    expect((await late.outcome('hunter', body.decisionId, { status: 'success' })).body.error.code).toBe(
      'NotFound',
    );
  });

  it('keeps agents apart', async () => {
    const { body } = await api.log('hunter');
    expect((await api.get('trader', body.decisionId)).body.error.code).toBe('NotFound');
  });

  it.each([
    ['timestamp', { timestamp: '2026-03-01T12:05:00.001Z' }],
    ['timestamp', { timestamp: '2026-03-01T12:00:00' }],
    ['timestamp', { clientToken: 'no-timestamp' }],
    ['outcome.occurredAt', { outcome: { status: 'success', occurredAt: hoursAgo(1) } }],
    ['outcome.occurredAt', { outcome: { status: 'success', occurredAt: hoursAgo(-1) } }],
    ['outcome.status', { outcome: { status: 'pending' } }],
    ['decisionType', { decisionType: 'lower' }],
    ['context', { context: [] }],
    ['surprise', { surprise: 1 }],
    ['reasoning.confidence', { reasoning: { confidence: 1.1 } }],
    ['parent.decisionId', { parent: { decisionId: 'RISK_ASSESSMENT-01KJMDZV20R6BZ1E7J5C4D8QXT' } }],
    ['parent.decisionId', { parent: { agentId: 'other', decisionId: 'nonsense' } }],
    ['triggeredBySignals.0', { triggeredBySignals: ['WHALE_ACTIVITY-01KJMDZV20R6BZ1E7J5C4D8QXT'] }],
    ['triggeredBySignals.0', { triggeredBySignals: ['nonsense'] }],
  ])('refuses a bad %s and says where', async (path, body) => {
    const answer = await api.log('stranger', body);
    expect(answer.body.error.code).toBe('ValidationFailed');
    expect(answer.body.error.issues.map((issue: { path: string }) => issue.path)).toEqual([path]);
  });

  it('refuses what does not fit an item before the database is asked, naming the size', async () => {
    const answer = await api.log('hunter', { context: { text: 'x'.repeat(410_000) } });
    expect(answer.body.error).toMatchObject({ code: 'TooLarge' });
    expect(answer.body.error.message).toMatch(/410\d{3} bytes.*409600/);
  });
});

describe('a clientToken', () => {
  const api = createApi();
  const sent = { context: { price: 1 }, timestamp: hoursAgo(1), clientToken: 'order-1' };

  it('gives a repeat its first answer, also after an outcome came', async () => {
    const first = await api.log('hunter', sent);
    await api.outcome('hunter', first.body.decisionId, { status: 'failure' });
    api.runtime.advance(60_000);
    const again = await api.log('hunter', { ...sent, timestamp: sent.timestamp.replace('.000Z', 'Z') });
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect((await api.get('hunter', first.body.decisionId)).body.status).toBe('failure');
  });

  it('does not serve two payloads', async () => {
    await api.log('hunter', sent);
    const other = await api.log('hunter', { ...sent, context: { price: 2 } });
    expect(other.body.error.code).toBe('IdempotencyMismatch');
    const batch = await api.call('logDecisions', {
      params: { agentId: 'hunter' },
      body: { decisions: [{ decisionType: 'RISK_ASSESSMENT', ...sent, context: { price: 2 } }] },
    });
    expect(batch.body.failed).toMatchObject([{ index: 0, code: 'IdempotencyMismatch' }]);
  });

  it('belongs to its agent', async () => {
    const [a, b] = await Promise.all([api.log('agent-a', sent), api.log('agent-b', sent)]);
    expect(a.body.decisionId).not.toBe(b.body.decisionId);
  });

  it('makes one decision of twenty posts at once', async () => {
    const posts = await Promise.all(
      Array.from({ length: 20 }, () => api.log('crowd', { ...sent, clientToken: 'same' })),
    );
    expect(new Set(posts.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect((await api.list('crowd')).body.items).toHaveLength(1);
  });

  it('gives the first answer when the parent is gone by then', async () => {
    const parent = await api.log('family');
    const child = { ...sent, parent: { decisionId: parent.body.decisionId }, clientToken: 'child' };
    // The child was written half a retention later than the parent.
    api.runtime.advance(45 * 86_400_000);
    const first = await api.log('family', child);
    api.runtime.advance(46 * 86_400_000);
    expect((await api.get('family', parent.body.decisionId)).status).toBe(404);
    expect(await api.log('family', child)).toMatchObject({ status: 201, body: first.body });
  });
});

describe('when the answer of a write is lost', () => {
  /** The write goes through; what comes back is a broken connection, once. */
  const losing = (real: DynamoDBDocumentClient): DynamoDBDocumentClient => {
    let lost = false;
    return new Proxy(real, {
      get: (target, name, receiver) =>
        name !== 'send'
          ? Reflect.get(target, name, receiver)
          : async (command: { constructor: { name: string } }) => {
              const answer = await target.send(command as never);
              if (lost || command.constructor.name !== 'PutCommand') return answer;
              lost = true;
              throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
            },
    });
  };

  it('the repeat with the same token is the same decision', async () => {
    const api = createApi({ documents: losing });
    const sent = { timestamp: hoursAgo(1), clientToken: 'crash' };
    expect((await api.log('crashed', sent)).body.error.code).toBe('Unavailable');
    api.runtime.advance(1_000);
    const again = await api.log('crashed', sent);
    expect(again.body.loggedAt).toBe(NOW);
    expect((await api.list('crashed')).body.items).toHaveLength(1);
  });

  it('a put the SDK itself repeats is not a second decision', async () => {
    const api = createApi({
      documents: (real) =>
        new Proxy(real, {
          get: (target, name, receiver) =>
            name !== 'send'
              ? Reflect.get(target, name, receiver)
              : async (command: { constructor: { name: string } }) => {
                  if (command.constructor.name === 'PutCommand') await target.send(command as never);
                  return target.send(command as never);
                },
        }),
    });
    const { body } = await api.log('repeated', { context: { price: 0.1, volume: 1e21 } });
    const { items } = (await api.list('repeated')).body;
    expect(items.map(({ decisionId }: { decisionId: string }) => decisionId)).toEqual([body.decisionId]);
  });

  it('an id that is taken by something else is drawn again', async () => {
    const api = createApi();
    const { handlerOf } = await import('./support.ts');
    const { call } = await import('../../support/api.ts');
    const { decisionRoutes } = await import('../../../lambdas/decisions/contract.ts');
    // Two instances that draw the same bits in the same millisecond.
    const logIn = (n: number) => {
      const { runtime } = createApi();
      Object.assign(runtime, { randomPart: () => new Uint8Array(10).fill(7) });
      return call(handlerOf(runtime), decisionRoutes.logDecision, {
        params: { agentId: 'unlucky' },
        body: { decisionType: 'RISK_ASSESSMENT', context: { n } },
      });
    };
    const [first, second] = [await logIn(1), await logIn(2)];
    expect(second.body.decisionId).not.toBe(first.body.decisionId);
    expect((await api.list('unlucky')).body.items).toHaveLength(2);
  });
});
