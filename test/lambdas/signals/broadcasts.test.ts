import { BatchWriteCommand, DeleteCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createDocumentClient } from '../../../lambdas/shared/dynamodb/client.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';
import { itemBytes } from '../../../lambdas/shared/dynamodb/item-size.ts';
import { HOUR_MS, MINUTE_MS } from '../../../lambdas/shared/platform/clock.ts';
import { BROADCAST_BUCKETS, broadcastPartition } from '../../../lambdas/signals/broadcast-table.ts';
import { SignalErasure } from '../../../lambdas/signals/signal-erasure.ts';
import { deliveriesOf, deliveryKey, subscriberKey } from '../../../lambdas/signals/table.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createSweeper } from '../sessions/keeping.ts';
import { createSignalsFixture, wrapClient } from './fixture.ts';

// Far ahead: what has expired by the wall clock, the emulator collects.
const NOW = '2096-03-01T12:00:00.000Z';
const fixture = createSignalsFixture({ now: NOW });
const { publish, subscribe, inbox, ack, sent, read, deregister } = fixture;
/** What a test looks at or breaks itself is not what the function does. */
const documents = createDocumentClient();

const CROWD = 250;
const crowd = Array.from({ length: CROWD }, (_, i) => `crowd-${String(i).padStart(3, '0')}`);

/** In tens: hundreds of connections at once are no part of the question. */
async function subscribeAll(signalType: string, agentIds: readonly string[]) {
  for (let start = 0; start < agentIds.length; start += 10)
    await Promise.all(agentIds.slice(start, start + 10).map((agentId) => subscribe(agentId, [signalType])));
}

const rowsOf = async (partition: string, table: 'signals' | 'state') => {
  const rows: Record<string, unknown>[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await documents.send(
      new QueryCommand({
        TableName: tableName(table),
        KeyConditionExpression: 'PK = :pk',
        ExpressionAttributeValues: { ':pk': partition },
        ExclusiveStartKey: start,
        ConsistentRead: true,
      }),
    );
    rows.push(...Items);
    start = LastEvaluatedKey;
  } while (start);
  return rows;
};

const deliveredTo = async (signalId: string): Promise<string[]> =>
  (await rowsOf(deliveriesOf(signalId)!.partition, 'signals'))
    .map(({ SK }) => String(SK).split('#'))
    .filter(([, id]) => id === signalId)
    .map(([, , target]) => target!);

const unfinished = async (): Promise<string[]> =>
  (
    await Promise.all(
      Array.from({ length: BROADCAST_BUCKETS }, (_, i) => rowsOf(broadcastPartition(i), 'state')),
    )
  )
    .flat()
    .map(({ SK }) => String(SK));

/** A fixture whose function is killed when it begins its `n`th transaction of parts. */
const killedAt = (n: number) => {
  let parts = 0;
  return createSignalsFixture({
    now: fixture.runtime.clock().toISOString(),
    retries: () => true,
    documents: (real) =>
      wrapClient(real, async (command, send) => {
        if (command.input['TransactItems'] && ++parts >= n) throw new Error('killed');
        return send(command);
      }),
  });
};

/** The sweep, when it is due: the publisher has a minute for its own work. */
const sweep = async () => {
  fixture.runtime.advance(MINUTE_MS);
  return createSweeper(fixture.runtime)();
};

beforeAll(async () => {
  await createTables();
  await subscribeAll('POPULAR', crowd);
});

describe('a signal to more subscribers than one transaction takes', () => {
  it('reaches all of them, and says how many there are and how many have it', async () => {
    const { status, body } = await publish('hunter', { signalType: 'POPULAR' });
    expect([status, body.targetCount, body.deliveredCount]).toEqual([201, CROWD, CROWD]);
    expect(body.targetAgents).toEqual(crowd.slice(0, 99));
    expect(await deliveredTo(body.signalId)).toEqual(crowd);
    for (const agentId of ['crowd-000', 'crowd-098', 'crowd-099', 'crowd-249'])
      expect((await inbox(agentId)).body.items).toMatchObject([
        { signalId: body.signalId, status: 'PENDING' },
      ]);
    expect(await unfinished()).toEqual([]);

    const listed = (await sent('hunter')).body.items;
    expect(listed).toMatchObject([
      { signalId: body.signalId, targetAgents: crowd.slice(0, 99), targetCount: CROWD },
    ]);
    const { deliveries } = (await read('hunter', body.signalId)).body;
    expect(deliveries.map(({ targetAgent }: { targetAgent: string }) => targetAgent)).toEqual(crowd);
  });

  it('is paced below 500 write units a second, and costs at most 4n + 2', async () => {
    const parts: { at: number; base: number; total: number }[] = [];
    let others = 0;
    const kilobytes = (item: Record<string, unknown>) => Math.ceil(itemBytes(item) / 1024);
    const metered = createSignalsFixture({
      now: NOW,
      retries: () => true,
      documents: (real) =>
        wrapClient(real, async (command, send) => {
          const puts = command.input['TransactItems'] as { Put: { Item: Record<string, unknown> } }[];
          if (puts) {
            const base = puts.reduce((sum, { Put }) => sum + 2 * kilobytes(Put.Item), 0);
            const indexes = puts.reduce(
              (sum, { Put }) => sum + kilobytes(Put.Item) + ('sentKey' in Put.Item ? 1 : 0),
              0,
            );
            parts.push({ at: performance.now(), base, total: base + indexes });
          } else if (['PutCommand', 'DeleteCommand'].includes(command.constructor.name))
            others += kilobytes((command.input['Item'] ?? {}) as Record<string, unknown>) || 1;
          return send(command);
        }),
    });
    const { body } = await metered.publish('hunter', {
      signalType: 'POPULAR',
      data: { text: 'x'.repeat(600) },
    });
    expect(body.deliveredCount).toBe(CROWD);
    expect(parts.length).toBeGreaterThanOrEqual(3);
    // Each part is followed by a pause for what it took.
    parts.slice(1).forEach(({ at }, i) => {
      const seconds = (at - parts[i]!.at) / 1000;
      expect(parts[i]!.total / seconds).toBeLessThan(500);
    });
    // Its list is deleted at the price of its size.
    const total = parts.reduce((sum, part) => sum + part.total, 0) + 2 * others;
    expect(total).toBeLessThanOrEqual(4 * CROWD + 2);
  });

  it.each([1, 2, 3])(
    'is finished by the sweep when its function dies at part %d; what was claimed stays so',
    async (n) => {
      const body = { signalType: 'POPULAR', timestamp: `2096-03-01T11:00:0${n}Z` };
      expect((await killedAt(n).publish('doomed', body)).status).toBe(500);
      const [signalId] = await unfinished();
      expect(await deliveredTo(signalId!)).toEqual(crowd.slice(0, (n - 1) * 99));
      if (n > 1)
        await ack('crowd-007', signalId!, { status: 'PROCESSING', leaseId: 'w', leaseSeconds: 3600 });

      // In the first minute its publisher may still be at work.
      await createSweeper(fixture.runtime)();
      expect(await unfinished()).toEqual([signalId]);
      await sweep();
      expect(await deliveredTo(signalId!)).toEqual(crowd);
      expect(await unfinished()).toEqual([]);
      if (n > 1)
        expect((await ack('crowd-007', signalId!, { status: 'PROCESSED', leaseId: 'w' })).body.attempt).toBe(
          1,
        );
      await sweep();
      expect(await deliveredTo(signalId!)).toEqual(crowd);
      expect((await sent('doomed')).body.items).toHaveLength(n);
    },
  );

  it('is finished by its own repeat, which answers as the first would have', async () => {
    const body = { signalType: 'POPULAR', timestamp: '2096-03-01T11:00:00Z', clientToken: 'again' };
    expect((await killedAt(2).publish('persistent', body)).status).toBe(500);
    await subscribe('latecomer', ['POPULAR']);
    const repeat = await publish('persistent', body);
    expect(repeat).toMatchObject({ status: 201, body: { targetCount: CROWD, deliveredCount: CROWD } });
    expect(await deliveredTo(repeat.body.signalId)).toEqual(crowd);
    expect(await unfinished()).toEqual([]);
    expect((await publish('persistent', body)).body).toEqual(repeat.body);
    const other = await publish('persistent', { ...body, confidence: 0.1 });
    expect(other.body.error.code).toBe('IdempotencyMismatch');
    await subscribe('latecomer', []);
  });

  it('with a token that was used for another payload is refused before the first part, too', async () => {
    const body = { signalType: 'POPULAR', timestamp: '2096-03-01T11:00:00Z', clientToken: 'early' };
    expect((await killedAt(1).publish('persistent', body)).status).toBe(500);
    const other = await publish('persistent', { ...body, confidence: 0.1 });
    expect(other.body.error.code).toBe('IdempotencyMismatch');
    await sweep();
    expect(await unfinished()).toEqual([]);
  });

  it('raced by five repeats of one token reaches each subscriber once', async () => {
    const body = { signalType: 'POPULAR', timestamp: '2096-03-01T11:00:00Z', clientToken: 'race' };
    const answers = await Promise.all(Array.from({ length: 5 }, () => publish('racer', body)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body: { signalId } }) => signalId)).size).toBe(1);
    expect(answers.map(({ body: { targetCount } }) => targetCount)).toEqual(Array(5).fill(CROWD));
    await sweep();
    expect(await deliveredTo(answers[0]!.body.signalId)).toEqual(crowd);
    expect((await sent('racer')).body.items).toHaveLength(1);
    expect(await unfinished()).toEqual([]);
  });

  it('says how far it came when its time is short, and the sweep does the rest', async () => {
    const hurried = createSignalsFixture({ now: fixture.runtime.clock().toISOString() });
    hurried.runtime.deadline.allows = () => false;
    const { status, body } = await hurried.publish('hurried', { signalType: 'POPULAR' });
    expect([status, body.targetCount, body.deliveredCount]).toEqual([201, CROWD, 99]);
    expect(await unfinished()).toEqual([body.signalId]);
    await sweep();
    expect(await deliveredTo(body.signalId)).toEqual(crowd);
  });

  it('is accepted although DynamoDB throttles it: it is late, not lost', async () => {
    const throttled = createSignalsFixture({
      now: fixture.runtime.clock().toISOString(),
      documents: (real) =>
        wrapClient(real, async (command, send) => {
          if (command.input['TransactItems'])
            throw Object.assign(new Error('slow down'), { name: 'ThrottlingException' });
          return send(command);
        }),
    });
    const { status, body } = await throttled.publish('throttled', { signalType: 'POPULAR' });
    expect([status, body.targetCount, body.deliveredCount]).toEqual([201, CROWD, 0]);
    await sweep();
    expect(await deliveredTo(body.signalId)).toEqual(crowd);
  });

  it('is not delivered after its end, nor to agents that were deregistered meanwhile', async () => {
    expect((await killedAt(2).publish('brief', { signalType: 'POPULAR', ttlSeconds: 3600 })).status).toBe(
      500,
    );
    const [signalId] = await unfinished();
    await deregister('crowd-200');
    await sweep();
    expect(await deliveredTo(signalId!)).toEqual(crowd.filter((agentId) => agentId !== 'crowd-200'));
    await subscribe('crowd-200', ['POPULAR']);

    expect((await killedAt(2).publish('brief', { signalType: 'POPULAR', ttlSeconds: 3600 })).status).toBe(
      500,
    );
    const [expired] = await unfinished();
    fixture.runtime.advance(HOUR_MS);
    await sweep();
    expect(await deliveredTo(expired!)).toHaveLength(99);
    for (let bucket = 0; bucket < BROADCAST_BUCKETS; bucket++)
      await documents.send(
        new DeleteCommand({
          TableName: tableName('state'),
          Key: { PK: broadcastPartition(bucket), SK: expired },
        }),
      );
  });

  it('that fails in the sweep raises the alarm, and keeps no session from its end', async () => {
    expect((await killedAt(1).publish('unlucky', { signalType: 'POPULAR' })).status).toBe(500);
    fixture.runtime.advance(MINUTE_MS);
    const failing = createSweeper(fixture.runtime, {
      documents: (real) =>
        wrapClient(real, async (command, send) => {
          if (command.input['TransactItems']) throw new Error('broken');
          return send(command);
        }),
    });
    await expect(failing()).rejects.toThrow('1 broadcasts could not be delivered');
    await sweep();
    expect(await unfinished()).toEqual([]);
  });

  it('of 32 KB goes in parts that stay below the pace', async () => {
    const few = crowd.slice(0, 100);
    await subscribeAll('HEAVY', few);
    const sizes: number[] = [];
    const hurried = createSignalsFixture({
      now: fixture.runtime.clock().toISOString(),
      documents: (real) =>
        wrapClient(real, async (command, send) => {
          const puts = command.input['TransactItems'] as unknown[] | undefined;
          if (puts) sizes.push(puts.length);
          return send(command);
        }),
    });
    const data = { text: 'x'.repeat(30_000) };
    const { body } = await hurried.publish('hunter', { signalType: 'HEAVY', data });
    // Three deliveries of 30 KB are 270 units: more than half a second's.
    expect([sizes, body.deliveredCount, body.targetCount]).toEqual([[3], 3, 100]);
    await documents.send(
      new DeleteCommand({ TableName: tableName('signals'), Key: deliveryKey(body.signalId, few[0]!)! }),
    );
    expect(await unfinished()).toEqual([body.signalId]);
  });
});

describe('a type with more than a thousand subscribers', () => {
  it('is refused, and nothing is stored', async () => {
    const many = Array.from({ length: 1_001 }, (_, i) => `mass-${i}`);
    for (let start = 0; start < many.length; start += 25) {
      const some = many.slice(start, start + 25);
      await Promise.all([
        fixture.register(...some),
        documents.send(
          new BatchWriteCommand({
            RequestItems: {
              [tableName('state')]: some.map((agentId) => ({
                PutRequest: { Item: subscriberKey('MASS', agentId) },
              })),
            },
          }),
        ),
      ]);
    }
    const { body } = await publish('hunter', { signalType: 'MASS' });
    expect(body.error).toMatchObject({
      code: 'TooManyTargets',
      issues: [{ path: 'targetAgents', message: 'the signal would go to more than 1000 agents' }],
    });
    expect(await rowsOf('signal#MASS', 'signals')).toEqual([]);
    await deregister('mass-0');
    const hurried = createSignalsFixture({ now: NOW });
    hurried.runtime.deadline.allows = () => false;
    expect((await hurried.publish('hunter', { signalType: 'MASS' })).body).toMatchObject({
      targetCount: 1_000,
      deliveredCount: 99,
    });
  });
});

describe('a signal that nobody is subscribed to', () => {
  const body = { signalType: 'UNHEARD_OF', timestamp: '2096-03-01T11:30:00Z' };

  it('is told to nobody, also when its token comes again after somebody subscribed', async () => {
    const first = await publish('lonely', { ...body, clientToken: 'once' });
    expect(first).toMatchObject({
      status: 201,
      body: { targetAgents: [], targetCount: 0, deliveredCount: 0, sourceAgent: 'lonely' },
    });
    await subscribe('curious', ['UNHEARD_OF']);
    expect((await publish('lonely', { ...body, clientToken: 'once' })).body).toEqual(first.body);
    expect((await inbox('curious')).body.items).toEqual([]);
    const other = await publish('lonely', { ...body, clientToken: 'once', confidence: 0 });
    expect(other.body.error.code).toBe('IdempotencyMismatch');
    expect((await publish('lonely', { ...body, clientToken: 'twice' })).body.targetAgents).toEqual([
      'curious',
    ]);
    await subscribe('curious', []);
  });

  it('raced by repeats is one answer', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => publish('lonely', { ...body, clientToken: 'race' })),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
  });

  it('registers its sender all the same', async () => {
    await publish('talker', { signalType: 'UNHEARD_OF' });
    expect((await publish('hunter', { targetAgents: ['talker'] })).status).toBe(201);
  });
});

describe('erasing the sender of a broadcast', () => {
  const listeners = Array.from({ length: CROWD }, (_, i) => `listener-${String(i).padStart(3, '0')}`);
  beforeAll(() => subscribeAll('FAREWELL', listeners));

  /** One pass of an erasure, or its first steps. @returns the number of steps there were */
  async function eraseOnce(agentId: string, mostSteps = Infinity): Promise<number> {
    const { clock } = fixture.runtime;
    const signals = new Table(documents, tableName('signals'), clock);
    const state = new Table(documents, tableName('state'), clock);
    let steps = 0;
    for await (const { actions } of new SignalErasure(signals, state).ofAgent(agentId)) {
      await signals.transact(actions);
      if (++steps >= mostSteps) break;
    }
    return steps;
  }

  it('takes every delivery, also after a pass that was cut short', async () => {
    const { body } = await publish('leaving', { signalType: 'FAREWELL' });
    expect(await deliveredTo(body.signalId)).toHaveLength(CROWD);
    await eraseOnce('leaving', 1);
    expect((await deliveredTo(body.signalId)).length).toBeLessThan(CROWD);
    await eraseOnce('leaving');
    expect(await deliveredTo(body.signalId)).toEqual([]);
    expect(await eraseOnce('leaving')).toBe(0);
  });

  it('takes what a publisher in flight still delivers', async () => {
    let parts = 0;
    const overtaken = createSignalsFixture({
      now: fixture.runtime.clock().toISOString(),
      retries: () => true,
      documents: (real) =>
        wrapClient(real, async (command, send) => {
          // The publisher has looked at its list and is about to write the part.
          if (command.input['TransactItems'] && ++parts === 2) await eraseOnce('gone');
          return send(command);
        }),
    });
    const { body } = await overtaken.publish('gone', { signalType: 'FAREWELL' });
    expect(body.deliveredCount).toBeLessThan(CROWD);
    expect(await deliveredTo(body.signalId)).toHaveLength(99);
    await sweep();
    expect(await deliveredTo(body.signalId)).toHaveLength(99);
    fixture.runtime.advance(3 * MINUTE_MS);
    expect(await eraseOnce('gone')).toBeGreaterThan(0);
    expect(await deliveredTo(body.signalId)).toEqual([]);
    expect(await unfinished()).toEqual([]);
    expect(await eraseOnce('gone')).toBe(0);
  });
});
