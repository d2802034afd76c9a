import { PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createDocumentClient } from '../../../lambdas/shared/dynamodb/client.ts';
import { MINUTE_MS, SECOND_MS } from '../../../lambdas/shared/platform/clock.ts';
import { deliveryKey } from '../../../lambdas/signals/table.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createSignalsFixture } from './fixture.ts';

// Far ahead: what has expired by the wall clock, the emulator collects.
const NOW = '2096-03-01T12:00:00.000Z';
/** What a test stores itself is not what the function does. */
const documents = createDocumentClient();

let agents = 0;
async function aDelivery(body: object = {}) {
  const fixture = createSignalsFixture({ now: NOW });
  const agent = `leaser-${agents++}`;
  await fixture.register(agent);
  const { signalId } = (await fixture.publish('hunter', { targetAgents: [agent], ...body })).body as {
    signalId: string;
  };
  return {
    ...fixture,
    agent,
    signalId,
    claim: (more: object = {}) => fixture.ack(agent, signalId, { status: 'PROCESSING', ...more }),
    close: (more: object = {}) => fixture.ack(agent, signalId, { status: 'PROCESSED', ...more }),
    delivery: async () => (await fixture.read(agent, signalId)).body.deliveries[0],
    open: async () => (await fixture.inbox(agent)).body.items as { status: string }[],
    store: (attributes: Record<string, unknown>, agentId = agent) =>
      documents.send(
        new UpdateCommand({
          TableName: tableName('signals'),
          Key: deliveryKey(signalId, agentId)!,
          UpdateExpression: `SET ${Object.keys(attributes)
            .map((_, i) => `#${i} = :${i}`)
            .join(', ')}`,
          ExpressionAttributeNames: Object.fromEntries(
            Object.keys(attributes).map((name, i) => [`#${i}`, name]),
          ),
          ExpressionAttributeValues: Object.fromEntries(
            Object.values(attributes).map((value, i) => [`:${i}`, value]),
          ),
        }),
      ),
  };
}

beforeAll(() => createTables());

describe("a claim under the caller's own leaseId", () => {
  it('sent again is the same claim with the same lease, however often and late', async () => {
    const { claim, runtime } = await aDelivery();
    const first = await claim({ leaseId: 'worker-7', leaseSeconds: 60 });
    expect(first).toMatchObject({
      status: 200,
      body: { leaseId: 'worker-7', attempt: 1, leaseUntil: '2096-03-01T12:01:00.000Z' },
    });
    runtime.advance(59 * SECOND_MS);
    for (const leaseSeconds of [60, 600])
      expect(await claim({ leaseId: 'worker-7', leaseSeconds })).toMatchObject({
        status: 200,
        body: first.body,
      });
  });

  it('is refused while another lease is live, and changes nothing', async () => {
    const { claim, close } = await aDelivery();
    const mine = (await claim({ leaseId: 'worker-1' })).body;
    for (const body of [{ leaseId: 'worker-2' }, {}])
      expect((await claim(body)).body.error.code).toBe('Conflict');
    expect((await claim({ leaseId: 'worker-1' })).body).toEqual(mine);
    expect((await close({ leaseId: 'worker-1' })).status).toBe(200);
  });

  it('after its lease ran out is a new attempt, unless somebody took over', async () => {
    const { claim, runtime } = await aDelivery();
    await claim({ leaseId: 'worker-1', leaseSeconds: 60 });
    runtime.advance(MINUTE_MS);
    expect((await claim({ leaseId: 'worker-1', leaseSeconds: 60 })).body).toMatchObject({
      attempt: 2,
      leaseUntil: '2096-03-01T12:02:00.000Z',
    });
    runtime.advance(MINUTE_MS);
    expect((await claim({ leaseId: 'worker-2' })).body.attempt).toBe(3);
    expect((await claim({ leaseId: 'worker-1' })).body.error.message).toBe(
      'The lease is not the current one',
    );
  });

  it('is prolonged on request', async () => {
    const { claim, runtime } = await aDelivery();
    await claim({ leaseId: 'worker-1', leaseSeconds: 60 });
    runtime.advance(30 * SECOND_MS);
    expect((await claim({ leaseId: 'worker-1', leaseSeconds: 60, prolong: true })).body).toMatchObject({
      attempt: 1,
      leaseUntil: '2096-03-01T12:01:30.000Z',
    });
    expect((await claim({ leaseId: 'worker-2', prolong: true })).body.error.code).toBe('Conflict');
  });

  it('comes too late for what it closed itself', async () => {
    const { claim, close } = await aDelivery();
    await claim({ leaseId: 'worker-1' });
    await close({ leaseId: 'worker-1' });
    expect((await claim({ leaseId: 'worker-1' })).body.error.message).toBe(
      'The delivery is PROCESSED already',
    );
  });

  it('raced by twenty repeats is one attempt; by twenty others, one wins', async () => {
    const same = await aDelivery();
    const repeats = await Promise.all(Array.from({ length: 20 }, () => same.claim({ leaseId: 'mine' })));
    expect(new Set(repeats.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(repeats[0]!.body.attempt).toBe(1);
    const contested = await aDelivery();
    const others = await Promise.all(
      Array.from({ length: 20 }, (_, i) => contested.claim({ leaseId: `worker-${i}` })),
    );
    expect(others.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});

describe('a prolongation', () => {
  it('must say of which lease', async () => {
    const { claim } = await aDelivery();
    expect((await claim({ prolong: true })).body.error.issues).toEqual([
      { path: 'leaseId', message: 'is required to prolong a claim' },
    ]);
  });
});

describe('a final acknowledgement', () => {
  it.each([
    ['without a lease', {}],
    ['under another lease', { leaseId: 'worker-2' }],
  ])('%s does not close what another holds', async (_, body) => {
    const { claim, close, delivery, open } = await aDelivery();
    await claim({ leaseId: 'worker-1' });
    expect((await close(body)).body.error.code).toBe('Conflict');
    expect(await delivery()).toMatchObject({ status: 'PROCESSING' });
    expect(await open()).toHaveLength(1);
    const closed = await close({ leaseId: 'worker-1' });
    expect(closed.status).toBe(200);
    for (const again of [{}, { leaseId: 'worker-1' }]) expect((await close(again)).body).toEqual(closed.body);
  });

  it('needs no lease while none is live', async () => {
    const never = await aDelivery();
    expect((await never.close()).status).toBe(200);
    const over = await aDelivery();
    await over.claim({ leaseSeconds: 1 });
    over.runtime.advance(SECOND_MS);
    expect((await over.close()).status).toBe(200);
  });

  it('of a holder that is late counts, while nobody took over', async () => {
    const { claim, close, runtime } = await aDelivery();
    await claim({ leaseId: 'worker-1', leaseSeconds: 1 });
    runtime.advance(MINUTE_MS);
    expect((await close({ leaseId: 'worker-1' })).body.status).toBe('PROCESSED');
  });
});

describe('attempts', () => {
  /** Claims and lets the lease run out. */
  const fail = async (one: Awaited<ReturnType<typeof aDelivery>>, times: number) => {
    for (let i = 0; i < times; i++) {
      expect((await one.claim({ leaseSeconds: 60 })).status).toBe(200);
      one.runtime.advance(MINUTE_MS);
    }
  };
  const REASON = 'claimed 5 times and never acknowledged before the lease ran out';

  it('end with the fifth lease: the delivery has failed, says why, and leaves the inbox', async () => {
    const one = await aDelivery();
    await fail(one, 4);
    expect(await one.delivery()).toMatchObject({ status: 'PENDING', attempt: 4 });
    await one.claim({ leaseSeconds: 60 });
    expect(await one.open()).toMatchObject([{ status: 'PROCESSING', attempt: 5 }]);
    one.runtime.advance(MINUTE_MS);

    const failed = { status: 'FAILED', attempt: 5, processedAt: '2096-03-01T12:05:00.000Z', note: REASON };
    expect(await one.delivery()).toMatchObject(failed);
    expect(await one.open()).toEqual([]);
    expect((await one.inbox(one.agent, { status: 'FAILED' })).body.items).toMatchObject([failed]);
    expect(await one.delivery()).toMatchObject(failed);
    expect((await one.read('hunter', one.signalId)).body.deliveries).toMatchObject([failed]);
  });

  it('used up end every claim and acknowledgement, of the last holder too', async () => {
    for (const refused of ['claim', 'own claim', 'acknowledgement', 'prolongation']) {
      const one = await aDelivery();
      await fail(one, 4);
      await one.claim({ leaseId: 'last', leaseSeconds: 60 });
      one.runtime.advance(MINUTE_MS);
      const answer = await {
        claim: () => one.claim(),
        'own claim': () => one.claim({ leaseId: 'last' }),
        acknowledgement: () => one.close({ leaseId: 'last' }),
        prolongation: () => one.claim({ leaseId: 'last', prolong: true }),
      }[refused]!();
      expect(answer.body.error).toMatchObject({ code: 'Conflict' });
      expect(answer.body.error.message).toContain('FAILED already');
      // The refused request has closed it.
      expect((await one.inbox(one.agent, { status: 'FAILED' })).body.items).toMatchObject([{ note: REASON }]);
    }
  });

  it('are as many as the publisher says', async () => {
    const once = await aDelivery({ maxAttempts: 1 });
    await fail(once, 1);
    expect(await once.delivery()).toMatchObject({ status: 'FAILED', attempt: 1 });
    const often = await aDelivery({ maxAttempts: 7 });
    await fail(often, 6);
    expect(await often.delivery()).toMatchObject({ status: 'PENDING', attempt: 6 });
    expect(await often.open()).toMatchObject([{ maxAttempts: 7 }]);
  });

  it('are not used by a repeat or a prolongation', async () => {
    const one = await aDelivery({ maxAttempts: 1 });
    await one.claim({ leaseId: 'mine', leaseSeconds: 60 });
    for (let i = 0; i < 5; i++) {
      one.runtime.advance(30 * SECOND_MS);
      expect((await one.claim({ leaseId: 'mine', leaseSeconds: 60, prolong: true })).status).toBe(200);
      expect((await one.claim({ leaseId: 'mine' })).body.attempt).toBe(1);
    }
    expect((await one.close({ leaseId: 'mine' })).status).toBe(200);
  });

  it('hide a failed delivery from a list whose closing fails, and the next list closes it', async () => {
    const one = await aDelivery();
    await fail(one, 5);
    const throttled = createSignalsFixture({
      now: one.runtime.clock().toISOString(),
      documents: (real) =>
        Object.create(real, {
          send: {
            value: (command: { constructor: { name: string } }) =>
              command.constructor.name === 'UpdateCommand'
                ? Promise.reject(Object.assign(new Error('slow down'), { name: 'ThrottlingException' }))
                : real.send(command as never),
          },
        }),
    });
    expect((await throttled.inbox(one.agent)).body).toMatchObject({ items: [], nextToken: null });
    expect((await throttled.inbox(one.agent, { status: 'FAILED' })).body.items).toEqual([]);
    await one.open();
    expect((await one.inbox(one.agent, { status: 'FAILED' })).body.items).toHaveLength(1);
  });

  it('used up are in the list of what failed, without another list before', async () => {
    const one = await aDelivery();
    await fail(one, 5);
    expect((await one.inbox(one.agent, { status: 'FAILED' })).body.items).toMatchObject([{ note: REASON }]);
  });
});

describe('deliveries that the last version stored', () => {
  it('claimed: the lease is prolonged by its id, closed under it, and taken over when it is over', async () => {
    const one = await aDelivery();
    const claimed = { status: 'PROCESSING', leaseId: 'a-uuid', attempt: 1 };
    await one.store({ ...claimed, leaseUntil: '2096-03-01T12:01:00.000Z' });
    expect((await one.close()).status).toBe(409);
    expect((await one.claim({ leaseId: 'a-uuid', leaseSeconds: 120 })).body).toMatchObject({
      attempt: 1,
      leaseUntil: '2096-03-01T12:02:00.000Z',
    });
    one.runtime.advance(2 * MINUTE_MS);
    expect((await one.claim({ leaseId: 'mine' })).body.attempt).toBe(2);
    expect((await one.close({ leaseId: 'a-uuid' })).status).toBe(409);
    expect((await one.close({ leaseId: 'mine' })).status).toBe(200);
  });

  it('closed or to several: as they were', async () => {
    const one = await aDelivery();
    const ttl = Date.parse('2096-03-02T12:00:00Z') / 1000;
    const content = { sourceAgent: 'hunter', severity: 'low', confidence: 1, data: {}, ttl };
    const signalId = 'NEWS-03KW06K2G36EQFDQVPAM502YFK';
    for (const [agentId, more] of [
      [
        'one',
        {
          sentKey: 'source:before',
          payloadHash: 'h',
          targetAgents: ['one', 'two'],
          status: 'PENDING',
          inboxKey: 'target:one#open',
        },
      ],
      [
        'two',
        {
          status: 'PROCESSED',
          processedAt: NOW,
          leaseId: 'u',
          attempt: 1,
          inboxKey: 'target:two#closed',
        },
      ],
    ] as const)
      await documents.send(
        new PutCommand({
          TableName: tableName('signals'),
          Item: { ...deliveryKey(signalId, agentId), ...content, ...more },
        }),
      );
    expect((await one.sent('before')).body.items).toMatchObject([
      { signalId, targetAgents: ['one', 'two'], targetCount: 2 },
    ]);
    expect((await one.inbox('one')).body.items).toMatchObject([{ signalId, status: 'PENDING', attempt: 0 }]);
    expect((await one.ack('two', signalId, { status: 'PROCESSED' })).body.processedAt).toBe(NOW);
    expect((await one.ack('two', signalId, { status: 'PROCESSING' })).status).toBe(409);
  });
});
