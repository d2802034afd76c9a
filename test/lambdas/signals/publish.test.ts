import { GetCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createDocumentClient } from '../../../lambdas/shared/dynamodb/client.ts';
import { deliveryKey } from '../../../lambdas/signals/table.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { aSignal, createSignalsFixture, wrapClient } from './fixture.ts';

// Far ahead: what has expired by the wall clock, the emulator collects.
const NOW = '2096-03-01T12:00:00.000Z';
const fixture = createSignalsFixture({ now: NOW });
const { publish, subscribe, subscriptions, inbox, register, deregister } = fixture;
/** What a test looks at or breaks itself is not what the function does. */
const documents = createDocumentClient();

/** The open part of an inbox, as pairs of id and target. */
const open = async (agentId: string) =>
  ((await inbox(agentId, { maxResults: '100' })).body.items as { signalId: string }[]).map(
    ({ signalId }) => signalId,
  );

beforeAll(async () => {
  await createTables();
  await register('hunter', 'risk', 'trader', 'archivist');
});

describe('publishing to named targets', () => {
  it('delivers to every target, the first as well as the last, each with the whole signal', async () => {
    const answer = await publish('hunter', {
      targetAgents: ['trader', 'risk', 'trader'],
      context: { trend: 'down' },
      recommendedAction: 'REDUCE_EXPOSURE',
    });
    expect(answer).toMatchObject({
      status: 201,
      body: {
        ...aSignal,
        sourceAgent: 'hunter',
        targetAgents: ['risk', 'trader'],
        targetCount: 2,
        deliveredCount: 2,
        timestamp: NOW,
        expiresAt: '2096-03-02T12:00:00.000Z',
      },
    });
    for (const target of ['risk', 'trader']) {
      const { items } = (await inbox(target)).body;
      expect(items).toEqual([
        {
          ...aSignal,
          signalId: answer.body.signalId,
          sourceAgent: 'hunter',
          targetAgent: target,
          context: { trend: 'down' },
          recommendedAction: 'REDUCE_EXPOSURE',
          timestamp: NOW,
          expiresAt: '2096-03-02T12:00:00.000Z',
          status: 'PENDING',
          attempt: 0,
        },
      ]);
    }
    expect(answer.body.signalId).toMatch(/^WHALE_ACTIVITY-[0-9A-HJKMNP-TV-Z]{26}$/);
  });

  it('names each target nobody knows, and tells none of the others', async () => {
    const before = await open('archivist');
    const { body } = await publish('hunter', { targetAgents: ['archivist', 'nobody', 'noone'] });
    expect(body.error).toMatchObject({
      code: 'ValidationFailed',
      issues: [
        { path: 'targetAgents.1', message: 'no agent nobody is registered' },
        { path: 'targetAgents.2', message: 'no agent noone is registered' },
      ],
    });
    expect(await open('archivist')).toEqual(before);
  });

  it('registers a sender nobody knew, but not one whose signal was refused', async () => {
    await publish('newcomer', { targetAgents: ['nobody'] });
    expect((await publish('hunter', { targetAgents: ['newcomer'] })).status).toBe(400);
    await publish('newcomer', { targetAgents: ['archivist'] });
    expect((await publish('hunter', { targetAgents: ['newcomer'] })).status).toBe(201);
  });

  it('lets an agent remind itself', async () => {
    const { body } = await publish('loner', { targetAgents: ['loner'] });
    expect(await open('loner')).toEqual([body.signalId]);
  });

  it('takes 99 targets in one transaction and refuses the hundredth', async () => {
    const crowd = Array.from({ length: 100 }, (_, i) => `crowd-${String(i).padStart(3, '0')}`);
    await register(...crowd);
    const { body } = await publish('hunter', { targetAgents: crowd });
    expect(body.error).toMatchObject({ code: 'TooManyTargets', issues: [{ path: 'targetAgents' }] });
    expect(await open('crowd-000')).toEqual([]);
    const answer = await publish('hunter', { targetAgents: [...crowd.slice(0, 99), 'crowd-000'] });
    expect(answer.status).toBe(201);
    expect(await open('crowd-000')).toEqual([answer.body.signalId]);
    expect(await open('crowd-098')).toEqual([answer.body.signalId]);
  });

  it('refuses a signal over 32 KB as stored, naming the size', async () => {
    const { body } = await publish('hunter', { targetAgents: ['risk'], data: { text: 'x'.repeat(32_768) } });
    expect(body.error.code).toBe('TooLarge');
    expect(body.error.message).toMatch(/^The signal is 33\d{3} bytes as stored; the limit is 32768$/);
  });

  it('counts its life from the write, so news of the past is not stale at once', async () => {
    const { body } = await publish('hunter', {
      targetAgents: ['archivist'],
      timestamp: '2096-02-01T00:00:00Z',
      ttlSeconds: 60,
    });
    expect(body).toMatchObject({
      timestamp: '2096-02-01T00:00:00.000Z',
      expiresAt: '2096-03-01T12:01:00.000Z',
    });
    expect(await open('archivist')).toContain(body.signalId);
  });

  it('refuses a timestamp that lies ahead', async () => {
    const { body } = await publish('hunter', {
      targetAgents: ['risk'],
      timestamp: '2096-03-01T12:05:01Z',
    });
    expect(body.error.issues).toEqual([
      { path: 'timestamp', message: 'must not lie more than 5 minutes ahead' },
    ]);
  });
});

describe('subscriptions', () => {
  it('are replaced as a whole, and decide who hears of a type', async () => {
    await subscribe('trader', ['VOLUME_SPIKE', 'NEWS', 'NEWS']);
    await subscribe('risk', ['VOLUME_SPIKE']);
    expect((await subscriptions('trader')).body).toEqual({
      agentId: 'trader',
      signalTypes: ['NEWS', 'VOLUME_SPIKE'],
    });
    const spike = await publish('hunter', { signalType: 'VOLUME_SPIKE' });
    expect(spike.body.targetAgents).toEqual(['risk', 'trader']);

    await subscribe('trader', ['NEWS']);
    const later = await publish('hunter', { signalType: 'VOLUME_SPIKE' });
    expect(later.body.targetAgents).toEqual(['risk']);
    expect(await open('trader')).toContain(spike.body.signalId);
    expect(await open('trader')).not.toContain(later.body.signalId);
  });

  it('are none for an agent nobody knows', async () => {
    expect((await subscriptions('stranger')).body.signalTypes).toEqual([]);
  });

  it('register the agent that subscribes', async () => {
    await subscribe('listener', ['RARE']);
    expect((await publish('hunter', { targetAgents: ['listener'] })).status).toBe(201);
  });

  it('may be none: the signal is told to nobody, and that is a success', async () => {
    expect(await publish('hunter', { signalType: 'UNHEARD' })).toMatchObject({
      status: 201,
      body: { ...aSignal, signalType: 'UNHEARD', targetAgents: [], targetCount: 0, deliveredCount: 0 },
    });
  });

  it('of a deregistered agent count for nothing until it comes back', async () => {
    // One more than a page of subscribers, so the one that stays is found on the second.
    const leavers = Array.from({ length: 100 }, (_, i) => `leaver-${i}`);
    await Promise.all([...leavers, 'stays'].map((agentId) => subscribe(agentId, ['DEPARTURE'])));
    await Promise.all(leavers.map(deregister));
    expect((await publish('hunter', { signalType: 'DEPARTURE' })).body.targetAgents).toEqual(['stays']);
    await deregister('stays');
    expect((await publish('hunter', { signalType: 'DEPARTURE' })).body.targetCount).toBe(0);
    await register('leaver-3');
    expect((await publish('hunter', { signalType: 'DEPARTURE' })).body.targetAgents).toEqual(['leaver-3']);
  });

  it('replace as many as are allowed by as many others, at once', async () => {
    const types = (prefix: string) => Array.from({ length: 49 }, (_, i) => `${prefix}_${i}`);
    await subscribe('collector', types('A'));
    expect((await subscribe('collector', types('B'))).status).toBe(200);
    expect((await subscriptions('collector')).body.signalTypes).toEqual(types('B').sort());
    expect((await publish('hunter', { signalType: 'A_7' })).body.targetAgents).toEqual([]);
    expect((await publish('hunter', { signalType: 'B_7' })).body.targetAgents).toEqual(['collector']);
  });

  it('say the same by type and by agent however many replace them at once', async () => {
    const types = ['ONE', 'TWO', 'THREE', 'FOUR'];
    await Promise.all(types.map((type) => subscribe('torn', [type, 'ALWAYS'])));
    const mine: string[] = (await subscriptions('torn')).body.signalTypes;
    expect(mine).toHaveLength(2);
    for (const type of [...types, 'ALWAYS'])
      expect((await publish('hunter', { signalType: type })).body.targetAgents).toEqual(
        mine.includes(type) ? ['torn'] : [],
      );
  });

  it('give up with a conflict when others are always faster', async () => {
    let version = 1_000;
    const beaten = createSignalsFixture({
      now: NOW,
      documents: (real) =>
        wrapClient(real, async (command, send) => {
          if (command.input['TransactItems'])
            await real.send(
              new UpdateCommand({
                TableName: tableName('state'),
                Key: { PK: 'agent:beaten', SK: 'SUBSCRIPTIONS' },
                UpdateExpression: 'SET version = :version, signalTypes = :none',
                ExpressionAttributeValues: { ':version': version++, ':none': [] },
              }),
            );
          return send(command);
        }),
    });
    expect((await beaten.subscribe('beaten', ['NEWS'])).body.error.code).toBe('Conflict');
  });
});

describe('a clientToken', () => {
  const timestamp = '2096-03-01T11:00:00Z';

  it('gives a repeat the first answer and delivers once', async () => {
    const request = { targetAgents: ['risk', 'trader'], timestamp, clientToken: 'once' };
    const first = await publish('hunter', request);
    const repeat = await publish('hunter', { ...request, targetAgents: ['trader', 'risk'] });
    expect(repeat).toEqual({ ...first, headers: expect.anything() });
    expect((await open('risk')).filter((id) => id === first.body.signalId)).toHaveLength(1);
  });

  it('is remembered whoever has subscribed since, and by an agent each', async () => {
    await subscribe('early', ['TOKEN_TEST']);
    const request = { signalType: 'TOKEN_TEST', timestamp, clientToken: 'once' };
    const first = await publish('hunter', request);
    await subscribe('early', []);
    await subscribe('late', ['TOKEN_TEST']);
    expect((await publish('hunter', request)).body).toEqual(first.body);
    expect(await open('late')).toEqual([]);
    const other = await publish('trader', request);
    expect(other.body.signalId).not.toBe(first.body.signalId);
  });

  it('is refused with another payload', async () => {
    const request = { targetAgents: ['risk'], timestamp, clientToken: 'mismatch' };
    await publish('hunter', request);
    const { body } = await publish('hunter', { ...request, confidence: 0.1 });
    expect(body.error.code).toBe('IdempotencyMismatch');
    const elsewhere = await publish('hunter', { ...request, targetAgents: ['trader'] });
    expect(elsewhere.body.error.code).toBe('IdempotencyMismatch');
  });

  it('requires a timestamp', async () => {
    const { body } = await publish('hunter', { targetAgents: ['risk'], clientToken: 'x' });
    expect(body.error.issues).toEqual([{ path: 'timestamp', message: 'is required with clientToken' }]);
  });

  it.each([[['risk']], [['risk', 'trader', 'archivist']]])(
    'delivers once to %j when twenty repeats race',
    async (targetAgents) => {
      const request = { targetAgents, timestamp, clientToken: `race-${targetAgents.length}` };
      const answers = await Promise.all(Array.from({ length: 20 }, () => publish('hunter', request)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
      const ids = new Set(answers.map(({ body }) => body.signalId as string));
      expect(ids.size).toBe(1);
      for (const target of targetAgents)
        expect((await open(target)).filter((id) => ids.has(id))).toHaveLength(1);
    },
  );

  it('does not publish a second time over the remains of an expired signal', async () => {
    const request = { targetAgents: ['risk', 'trader'], timestamp, clientToken: 'remains' };
    const { body } = await publish('hunter', request);
    await documents.send(
      new UpdateCommand({
        TableName: tableName('signals'),
        Key: deliveryKey(body.signalId, 'risk')!,
        UpdateExpression: 'REMOVE sentKey',
      }),
    );
    expect((await publish('hunter', request)).body.error).toMatchObject({ code: 'Conflict' });
  });
});

describe('without a token', () => {
  it('two equal signals are two', async () => {
    const [a, b] = [
      await publish('hunter', { targetAgents: ['risk'] }),
      await publish('hunter', { targetAgents: ['risk'] }),
    ];
    expect(a.body.signalId).not.toBe(b.body.signalId);
  });

  it('a put that arrived although its answer was lost is one signal, and what was claimed meanwhile stays so', async () => {
    const flaky = createSignalsFixture({
      now: NOW,
      documents: (real) =>
        wrapClient(real, async (command, send) => {
          if (command.constructor.name !== 'PutCommand') return send(command);
          // What the SDK does when a connection breaks after the request: it sends the same again.
          await send(command);
          const item = command.input['Item'] as { SK: string };
          await fixture.ack('trader', item.SK.split('#')[1]!, { status: 'PROCESSING' });
          return send(command);
        }),
    });
    const { status, body } = await flaky.publish('hunter', { targetAgents: ['trader'] });
    expect(status).toBe(201);
    const { items } = (await inbox('trader', { status: 'PROCESSING' })).body;
    expect(items).toMatchObject([{ signalId: body.signalId, attempt: 1 }]);
  });
});

describe('the stored items', () => {
  it('keep what is true of all deliveries once, on the first', async () => {
    const { body } = await publish('hunter', { targetAgents: ['risk', 'trader'] });
    const get = async (target: string) =>
      (
        await documents.send(
          new GetCommand({ TableName: tableName('signals'), Key: deliveryKey(body.signalId, target)! }),
        )
      ).Item!;
    expect(Object.keys(await get('risk')).sort()).toEqual(
      [
        ...['PK', 'SK', 'confidence', 'data', 'inboxKey', 'payloadHash', 'sentKey', 'severity'],
        ...['sourceAgent', 'status', 'targetAgents', 'ttl'],
      ].sort(),
    );
    expect(await get('trader')).toEqual({
      PK: 'signal#WHALE_ACTIVITY',
      SK: `${NOW}#${body.signalId}#trader`,
      inboxKey: 'target:trader#open',
      sourceAgent: 'hunter',
      status: 'PENDING',
      severity: 'high',
      confidence: 0.85,
      data: { coin: 'BTC' },
      ttl: Date.parse('2096-03-02T12:00:00Z') / 1000,
    });
  });

  it('hold one subscriber a row', async () => {
    const { Items } = await documents.send(
      new QueryCommand({
        TableName: tableName('state'),
        KeyConditionExpression: 'PK = :pk',
        ExpressionAttributeValues: { ':pk': 'subscribers:VOLUME_SPIKE' },
      }),
    );
    expect(Items).toEqual([{ PK: 'subscribers:VOLUME_SPIKE', SK: 'risk' }]);
  });
});
