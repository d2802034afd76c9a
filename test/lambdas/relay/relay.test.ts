import { type DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { createRelayHandler } from '../../../lambdas/relay/relay.lambda.ts';
import { StalledBatchError } from '../../../lambdas/shared/platform/stream-batch.ts';
import { createDocumentClient } from '../../../lambdas/shared/dynamodb/client.ts';
import { lambdaContext } from '../../support/api.ts';
import { createTestRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createSignalsFixture, wrapClient } from '../signals/fixture.ts';
import { startEventBus } from './event-bus.ts';
import { SignalStream } from './signal-stream.ts';

// Far ahead: what has expired by the wall clock, the emulator collects.
const NOW = '2096-03-01T12:00:00.000Z';
const { publish, ack, register } = createSignalsFixture({ now: NOW });
/** What a test looks at or breaks itself is not what the function does. */
const documents = createDocumentClient();
let bus: Awaited<ReturnType<typeof startEventBus>>;
const stream = new SignalStream();

function createRelay(documents?: (real: DynamoDBDocumentClient) => DynamoDBDocumentClient) {
  const relayRuntime = createTestRuntime('relay', { now: NOW, ...(documents && { documents }) });
  const handler = createRelayHandler(
    relayRuntime,
    { STATE_TABLE: tableName('state'), EVENT_BUS_NAME: 'signals' },
    bus.client,
  );
  return (event: DynamoDBStreamEvent) => handler(event, lambdaContext);
}

/** Signals an agent is remembered to have seen. */
async function seen(agentId: string): Promise<string[]> {
  const { Items = [] } = await documents.send(
    new QueryCommand({
      TableName: tableName('state'),
      KeyConditionExpression: 'PK = :pk',
      ExpressionAttributeValues: { ':pk': `seen:${agentId}` },
      ConsistentRead: true,
    }),
  );
  return Items.map((item) => String(item['SK']).split('#')[1]!);
}

const details = () => bus.events.map(({ Detail }) => JSON.parse(Detail) as Record<string, unknown>);
const onBus = () => details().map(({ signalId, targetAgent }) => `${signalId} ${targetAgent}`);

let teams = 0;
/** Two agents nobody else uses, and signals published to both. */
async function publishSome(count: number, body: object = {}) {
  const team = [`first-${teams}`, `second-${teams++}`];
  await register(...team);
  const ids: string[] = [];
  for (let i = 0; i < count; i++)
    ids.push((await publish('hunter', { targetAgents: team, ...body })).body.signalId);
  return { team, ids, deliveries: ids.flatMap((id) => team.map((agentId) => `${id} ${agentId}`)) };
}

beforeAll(async () => {
  await createTables('signals');
  bus = await startEventBus();
});
beforeEach(async () => {
  bus.reset();
  await stream.skip();
});
afterAll(() => bus.stop());

describe('the relay', () => {
  it('puts each delivery on the bus, whole, and remembers that its target saw it', async () => {
    const { team, ids } = await publishSome(1, { context: { trend: 'down' } });
    await stream.deliver(createRelay());
    expect(bus.events).toHaveLength(2);
    expect(bus.events[0]).toMatchObject({
      EventBusName: 'signals',
      Source: 'agent-memory',
      DetailType: 'SignalPublished',
      Time: Date.parse(NOW) / 1000,
    });
    const delivery = {
      signalId: ids[0],
      signalType: 'WHALE_ACTIVITY',
      sourceAgent: 'hunter',
      severity: 'high',
      confidence: 0.85,
      data: { coin: 'BTC' },
      context: { trend: 'down' },
      timestamp: NOW,
      expiresAt: '2096-03-02T12:00:00.000Z',
    };
    expect(details()).toEqual(team.map((targetAgent) => ({ ...delivery, targetAgent })));
    for (const agentId of team) expect(await seen(agentId)).toEqual(ids);
  });

  it('passes on what is published, not what becomes of it', async () => {
    const { ids, team } = await publishSome(1);
    const { leaseId } = (await ack(team[0]!, ids[0]!, { status: 'PROCESSING' })).body;
    await ack(team[0]!, ids[0]!, { status: 'PROCESSED', leaseId });
    expect(await stream.deliver(createRelay())).toBe(4);
    expect(bus.events).toHaveLength(2);
  });

  it('keeps every request within what EventBridge takes', async () => {
    const { deliveries } = await publishSome(3, { data: { text: '\u0001'.repeat(31_000) } });
    const small = await publishSome(11);
    await stream.deliver(createRelay());
    expect(onBus()).toEqual([...deliveries, ...small.deliveries]);
    for (const entries of bus.requests) {
      expect(entries.length).toBeLessThanOrEqual(10);
      expect(entries.reduce((sum, { Detail }) => sum + Detail.length, 0)).toBeLessThan(256 * 1024);
    }
    expect(Math.max(...bus.requests.map((entries) => entries.length))).toBe(10);
  });

  it('repeats the entries that failed, and only those', async () => {
    const { deliveries } = await publishSome(2);
    let refusals = 2;
    bus.behaves(() => ({ takes: ({ Detail }) => !Detail.includes('"second-') || refusals-- <= 0 }));
    expect(await stream.deliver(createRelay())).toBe(4);
    expect(onBus().toSorted()).toEqual(deliveries.toSorted());
    expect(bus.requests.map((entries) => entries.length)).toEqual([4, 2]);
  });

  it('reports the first record whose entry keeps failing; the others were relayed', async () => {
    const { team, ids, deliveries } = await publishSome(3);
    bus.behaves(() => ({
      takes: ({ Detail }) => !(Detail.includes(ids[1]!) && Detail.includes(team[1]!)),
    }));
    expect(await stream.deliver(createRelay())).toBe(3);
    expect(new Set(onBus()).size).toBe(5);
    bus.behaves(() => ({}));
    expect(await stream.deliver(createRelay())).toBe(3);
    expect(new Set(onBus())).toEqual(new Set(deliveries));
    for (const agentId of team) expect((await seen(agentId)).toSorted()).toEqual(ids.toSorted());
  });

  it('takes nothing for done while the bus is down, or the table, and is seen to fail', async () => {
    const { team, ids, deliveries } = await publishSome(2);
    bus.behaves(() => ({ status: 500 }));
    await expect(createRelay()({ Records: await stream.pending() })).rejects.toThrow(StalledBatchError);
    bus.requests.length = 0;
    expect(await stream.deliver(createRelay())).toBe(0);
    expect(onBus()).toEqual([]);
    expect(bus.requests).toHaveLength(1);
    bus.behaves(() => ({}));
    const withoutTable = createRelay((real) =>
      wrapClient(real, () => Promise.reject(new Error('no table today'))),
    );
    expect(await stream.deliver(withoutTable)).toBe(0);
    expect(await stream.deliver(createRelay())).toBe(4);
    expect(new Set(onBus())).toEqual(new Set(deliveries));
    for (const agentId of team) expect((await seen(agentId)).toSorted()).toEqual(ids.toSorted());
  });

  it('lets a record it cannot read hold up nobody', async () => {
    const before = await publishSome(1);
    for (const poison of [
      { PK: 'signal#NEWS', SK: 'no-delivery' },
      { PK: 'signal#NEWS', SK: `${NOW}#${before.ids[0]}#x`, sourceAgent: 'hunter', ttl: 1 },
      { PK: 'signal#WHALE_ACTIVITY', SK: `${NOW}#${before.ids[0]}#x` },
    ])
      await documents.send(new PutCommand({ TableName: tableName('signals'), Item: poison }));
    const after = await publishSome(1);
    expect(await stream.deliver(createRelay())).toBe(2);
    expect(onBus()).toEqual([...before.deliveries, ...after.deliveries]);
    for (let poison = 0; poison < 3; poison++) {
      expect(await stream.deliver(createRelay())).toBe(0);
      await stream.discardFirst();
    }
    expect(await stream.deliver(createRelay())).toBe(2);
    for (const agentId of after.team) expect(await seen(agentId)).toEqual(after.ids);
  });
});

describe('a relay that is killed', () => {
  /** A promise that never settles is what a dead process leaves behind. */
  const dead = () => new Promise<never>(() => {});

  /** Runs a relay until it reaches one point of its work, and there it is no more. */
  async function killAt(point: string): Promise<void> {
    await new Promise<void>((killed, failed) => {
      let puts = 0;
      const die = () => {
        killed();
        return dead();
      };
      const relay = createRelay((real) =>
        wrapClient(real, async (command, send) => {
          if (point === 'before the first row') return die();
          const answer = await send(command);
          return point === 'after the third row' && ++puts === 3 ? die() : answer;
        }),
      );
      stream
        .deliver(
          async (event) => (point === 'between read and put' ? die() : relay(event)),
          () => {
            if (point !== 'between put and checkpoint') return;
            killed();
            throw new Error('killed');
          },
        )
        .then(() => failed(new Error(`never came to: ${point}`)), failed);
    });
  }

  it.each([
    'between read and put',
    'before the first row',
    'after the third row',
    'between put and checkpoint',
  ])('%s loses nothing, and remembers nothing twice', async (point) => {
    const { team, ids, deliveries } = await publishSome(4);
    await killAt(point);
    if (point === 'between read and put') expect(onBus()).toEqual([]);
    expect(await stream.deliver(createRelay())).toBe(8);
    expect(new Set(onBus())).toEqual(new Set(deliveries));
    for (const agentId of team) expect((await seen(agentId)).toSorted()).toEqual(ids.toSorted());
    expect(await stream.pending()).toEqual([]);
  });
});
