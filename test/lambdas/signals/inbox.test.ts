import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { decisionKey } from '../../../lambdas/decisions/table.ts';
import { createDocumentClient } from '../../../lambdas/shared/dynamodb/client.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../lambdas/shared/platform/clock.ts';
import { randomPart, typedId } from '../../../lambdas/shared/platform/ids.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createSignalsFixture, wrapClient } from './fixture.ts';

// Far ahead: what has expired by the wall clock, the emulator collects.
const NOW = '2096-03-01T12:00:00.000Z';

/** Each test has agents of its own, and a clock. */
let agents = 0;
async function inboxOf(count: number, body: object = {}) {
  const fixture = createSignalsFixture({ now: NOW });
  const agent = `agent-${agents++}`;
  await fixture.register(agent);
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    ids.push((await fixture.publish('hunter', { targetAgents: [agent], ...body })).body.signalId);
    fixture.runtime.advance(1);
  }
  const ids_ = async (query: Record<string, string> = {}) =>
    ((await fixture.inbox(agent, query)).body.items as { signalId: string }[]).map((item) => item.signalId);
  const ack = (signalId: string, body: object) => fixture.ack(agent, signalId, body);
  return { ...fixture, agent, ids, id: ids[0]!, list: ids_, ackMine: ack };
}

const storeDecision = async (agentId: string, ttl: number): Promise<string> => {
  const decisionId = typedId('RISK_ASSESSMENT', new Date(NOW), randomPart());
  const Item = { ...decisionKey({ agentId, decisionId }), ttl };
  await createDocumentClient().send(new PutCommand({ TableName: tableName('decisions'), Item }));
  return decisionId;
};

beforeAll(() => createTables());

describe('the inbox', () => {
  it('shows what is open, newest first, however often it is read', async () => {
    const { ids, list } = await inboxOf(3);
    expect(await list()).toEqual(ids.toReversed());
    expect(await list()).toEqual(ids.toReversed());
  });

  it('is empty for an agent nobody knows', async () => {
    const { inbox } = await inboxOf(0);
    expect((await inbox('stranger')).body).toEqual({ items: [], nextToken: null, consistency: 'eventual' });
  });

  it('comes in pages that lose and repeat nothing, and ends with null exactly at the end', async () => {
    const { ids, inbox, agent } = await inboxOf(7);
    const pages: string[][] = [];
    let nextToken: string | undefined;
    do {
      const { body } = await inbox(agent, { maxResults: '3', ...(nextToken && { nextToken }) });
      pages.push(body.items.map((item: { signalId: string }) => item.signalId));
      nextToken = body.nextToken ?? undefined;
    } while (nextToken);
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(pages.flat()).toEqual(ids.toReversed());
    const { body } = await inbox(agent, { maxResults: '7' });
    expect(body.nextToken).toBeNull();
  });

  it('filters by type and status, across pages too', async () => {
    const { publish, ackMine, list, inbox, agent, ids, runtime } = await inboxOf(3);
    const news: string[] = [];
    for (let i = 0; i < 4; i++) {
      const { body } = await publish('hunter', { signalType: 'NEWS', targetAgents: [agent] });
      news.push(body.signalId);
      runtime.advance(1);
    }
    await ackMine(news[0]!, { status: 'PROCESSING' });
    await ackMine(news[1]!, { status: 'IGNORED' });
    await ackMine(ids[0]!, { status: 'PROCESSED' });
    expect(await list({ signalType: 'NEWS' })).toEqual([news[3], news[2], news[0]]);
    expect(await list({ status: 'PENDING', signalType: 'NEWS' })).toEqual([news[3], news[2]]);
    expect(await list({ status: 'PROCESSING' })).toEqual([news[0]]);
    expect(await list({ status: 'PROCESSED' })).toEqual([ids[0]]);
    expect(await list({ status: 'IGNORED', signalType: 'WHALE_ACTIVITY' })).toEqual([]);
    const first = (await inbox(agent, { signalType: 'NEWS', maxResults: '2' })).body;
    const second = await inbox(agent, {
      signalType: 'NEWS',
      maxResults: '2',
      nextToken: first.nextToken,
    });
    expect(second.body).toMatchObject({ items: [{ signalId: news[0] }], nextToken: null });
  });

  it('refuses a token of another list', async () => {
    const { inbox, agent } = await inboxOf(3);
    const { nextToken } = (await inbox(agent, { maxResults: '1' })).body;
    for (const [who, query] of [
      [agent, { status: 'PENDING' }],
      ['agent-0', {}],
    ] as const) {
      const { body } = await inbox(who, { nextToken, ...query });
      expect(body.error.issues).toEqual([{ path: 'nextToken', message: 'belongs to another query' }]);
    }
  });

  it('answers a list that hides almost everything with short pages, never without a way on', async () => {
    const { agent, inbox, publish, runtime } = await inboxOf(1, { signalType: 'RARE' });
    for (let i = 0; i < 20; i++) await publish('hunter', { targetAgents: [agent], ttlSeconds: 1 });
    runtime.advance(2 * SECOND_MS);
    const { body } = await inbox(agent, { maxResults: '1' });
    expect(body).toMatchObject({ items: [{ signalType: 'RARE' }], nextToken: null });
  });
});

describe('a claim', () => {
  it('keeps other workers away for as long as its lease', async () => {
    const { id, ackMine, list, runtime } = await inboxOf(1);
    const claim = await ackMine(id, { status: 'PROCESSING', leaseSeconds: 60 });
    expect(claim).toMatchObject({
      status: 200,
      body: { signalId: id, status: 'PROCESSING', attempt: 1, leaseUntil: '2096-03-01T12:01:00.001Z' },
    });
    const second = await ackMine(id, { status: 'PROCESSING' });
    expect(second.body.error).toMatchObject({
      code: 'Conflict',
      message: 'The delivery is claimed until 2096-03-01T12:01:00.001Z',
    });
    expect(await list({ status: 'PENDING' })).toEqual([]);
    expect(await list()).toEqual([id]);

    runtime.advance(60 * SECOND_MS);
    expect(await list({ status: 'PENDING' })).toEqual([id]);
    const third = await ackMine(id, { status: 'PROCESSING' });
    expect(third.body).toMatchObject({ attempt: 2, leaseUntil: '2096-03-01T12:06:00.001Z' });
    expect(third.body.leaseId).not.toBe(claim.body.leaseId);
  });

  it('shows its lease only to the one who made it', async () => {
    const { id, ackMine, inbox, agent } = await inboxOf(1);
    await ackMine(id, { status: 'PROCESSING' });
    expect((await inbox(agent)).body.items[0]).not.toHaveProperty('leaseId');
  });

  it('is prolonged by its holder, even late, unless somebody took over', async () => {
    const { id, ackMine, runtime } = await inboxOf(1);
    const { leaseId } = (await ackMine(id, { status: 'PROCESSING', leaseSeconds: 60 })).body;
    runtime.advance(2 * MINUTE_MS);
    const prolonged = await ackMine(id, { status: 'PROCESSING', leaseSeconds: 60, leaseId });
    expect(prolonged.body).toMatchObject({ attempt: 1, leaseId, leaseUntil: '2096-03-01T12:03:00.001Z' });
    runtime.advance(2 * MINUTE_MS);
    await ackMine(id, { status: 'PROCESSING' });
    const late = await ackMine(id, { status: 'PROCESSING', leaseId });
    expect(late.body.error).toMatchObject({ code: 'Conflict', message: 'The lease is not the current one' });
  });

  it('is ours when the SDK sent it twice because the first answer was lost', async () => {
    const { id, agent } = await inboxOf(1);
    const flaky = createSignalsFixture({
      now: NOW,
      documents: (real) =>
        wrapClient(real, async (command, send) => {
          await send(command);
          return send(command);
        }),
    });
    const claim = await flaky.ack(agent, id, { status: 'PROCESSING' });
    expect(claim).toMatchObject({ status: 200, body: { attempt: 1, leaseId: expect.any(String) } });
  });

  it('comes too late for what is closed', async () => {
    const { id, ackMine } = await inboxOf(1);
    await ackMine(id, { status: 'FAILED' });
    const { body } = await ackMine(id, { status: 'PROCESSING' });
    expect(body.error).toMatchObject({ code: 'Conflict', message: 'The delivery is FAILED already' });
  });
});

describe('a final acknowledgement', () => {
  it.each(['PROCESSED', 'FAILED', 'IGNORED'])('%s closes a delivery, claimed or not', async (status) => {
    const { ids, ackMine, list } = await inboxOf(2);
    const { leaseId } = (await ackMine(ids[0]!, { status: 'PROCESSING' })).body;
    const closed = await ackMine(ids[0]!, { status, leaseId, note: 'seen' });
    expect(closed.body).toMatchObject({ status, processedAt: '2096-03-01T12:00:00.002Z', note: 'seen' });
    expect(closed.body).not.toHaveProperty('leaseUntil');
    await ackMine(ids[1]!, { status });
    expect(await list()).toEqual([]);
    expect(await list({ status })).toEqual(ids.toReversed());
  });

  it('given again is the same answer; a different one is a conflict', async () => {
    const { id, ackMine, runtime } = await inboxOf(1);
    const first = await ackMine(id, { status: 'PROCESSED', note: 'sold' });
    runtime.advance(HOUR_MS);
    expect((await ackMine(id, { status: 'PROCESSED', note: 'sold' })).body).toEqual(first.body);
    expect((await ackMine(id, { status: 'PROCESSED' })).body).toEqual(first.body);
    for (const body of [{ status: 'FAILED' }, { status: 'PROCESSED', note: 'bought' }])
      expect((await ackMine(id, body)).body.error.code).toBe('Conflict');
  });

  it('of a worker whose delivery another took over is refused', async () => {
    const { id, ackMine, runtime } = await inboxOf(1);
    const { leaseId } = (await ackMine(id, { status: 'PROCESSING', leaseSeconds: 1 })).body;
    runtime.advance(SECOND_MS);
    const other = (await ackMine(id, { status: 'PROCESSING' })).body.leaseId;
    expect((await ackMine(id, { status: 'PROCESSED', leaseId })).body.error.code).toBe('Conflict');
    expect((await ackMine(id, { status: 'PROCESSED', leaseId: other })).status).toBe(200);
    expect((await ackMine(id, { status: 'PROCESSED', leaseId })).body.error.code).toBe('Conflict');
  });

  it('names the decision the signal led to, which must exist', async () => {
    const { id, ackMine, agent } = await inboxOf(1);
    const mine = await storeDecision(agent, Date.parse(NOW) / 1000 + 60);
    const expired = await storeDecision(agent, Date.parse(NOW) / 1000);
    const theirs = await storeDecision('hunter', Date.parse(NOW) / 1000 + 60);
    for (const decisionId of [expired, theirs, 'no-decision']) {
      const { body } = await ackMine(id, { status: 'PROCESSED', decisionId });
      expect(body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path: 'decisionId' }] });
    }
    const { body } = await ackMine(id, { status: 'PROCESSED', decisionId: mine });
    expect(body).toMatchObject({ status: 'PROCESSED', decisionId: mine });
  });

  it('takes no lease, and a claim no decision', async () => {
    const { id, ackMine } = await inboxOf(1);
    expect((await ackMine(id, { status: 'PROCESSED', leaseSeconds: 5 })).body.error.issues).toEqual([
      { path: 'leaseSeconds', message: 'is not a known field' },
    ]);
    expect((await ackMine(id, { status: 'DONE' })).body.error.issues).toEqual([
      { path: 'status', message: 'must be one of PROCESSING, PROCESSED, FAILED, IGNORED' },
    ]);
  });
});

describe('an expired delivery', () => {
  it('is in no list and cannot be acknowledged, from the second it expires', async () => {
    const { id, agent, ackMine, list, sent, read, ofType, runtime } = await inboxOf(1, {
      signalType: 'SHORT_LIVED',
      ttlSeconds: 60,
    });
    runtime.setTime('2096-03-01T12:00:59.999Z');
    expect(await list()).toEqual([id]);
    expect((await ofType('SHORT_LIVED')).body.items).toHaveLength(1);
    runtime.setTime('2096-03-01T12:01:00.000Z');
    expect(await list()).toEqual([]);
    expect((await ofType('SHORT_LIVED')).body.items).toEqual([]);
    expect((await sent('hunter')).body.items.map((one: { signalId: string }) => one.signalId)).not.toContain(
      id,
    );
    expect((await read(agent, id)).status).toBe(404);
    expect((await ackMine(id, { status: 'PROCESSING' })).status).toBe(404);
    expect((await ackMine(id, { status: 'PROCESSED' })).status).toBe(404);
  });
});

describe('what is not there', () => {
  it.each(['nonsense', 'NEWS-01JZZZZZZZZZZZZZZZZZZZZZZZ'])('%s cannot be acknowledged', async (signalId) => {
    const { ackMine } = await inboxOf(0);
    expect((await ackMine(signalId, { status: 'PROCESSED' })).body.error.code).toBe('NotFound');
  });

  it('is what was sent to somebody else, even for its sender', async () => {
    const { ack, id } = await inboxOf(1);
    expect((await ack('hunter', id, { status: 'PROCESSED' })).body.error.code).toBe('NotFound');
  });
});
