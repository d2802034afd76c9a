import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { OPEN_BUCKETS, openPartition } from '../../../lambdas/sessions/open-table.ts';
import { alwaysThrows, dyingAfter, intercept } from '../../support/faults.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createSessionsFixture, history, type SessionsFixture } from './fixture.ts';
import { createSweeper } from './keeping.ts';

const MINUTE = 60_000;

beforeAll(() => createTables());

/** Sessions the sweep still knows of, of one agent. */
async function openRows({ runtime }: SessionsFixture, agentId: string): Promise<string[]> {
  const found: string[] = [];
  for (let bucket = 0; bucket < OPEN_BUCKETS; bucket++) {
    const { Items = [] } = await runtime.unrecorded.send(
      new QueryCommand({
        TableName: tableName('state'),
        KeyConditionExpression: 'PK = :pk',
        ExpressionAttributeValues: { ':pk': openPartition(bucket) },
      }),
    );
    found.push(...Items.map(({ SK }) => String(SK)).filter((key) => key.startsWith(`${agentId}#`)));
  }
  return found;
}

describe('ending a session', () => {
  it('answers its final summary and analytics, which its lists show from then on', async () => {
    const fixture = createSessionsFixture({ now: '2026-03-01T09:00:00.000Z' });
    const { runtime, open, append, end, list, resume } = fixture;
    const sessionId = await open('ender', { userId: 'ada', topic: 'BTC-USD' });
    const say = async (role: string, content: string, metadata?: object) => {
      runtime.advance(2_000);
      await append('ender', sessionId, { role, content, metadata });
    };
    await say('user', 'My budget is 5,000 EUR. Is BTC cheap?');
    await say('assistant', 'Yes, below its mean.', {
      confidence: 0.8,
      sources: ['ticker', { id: 'news-7' }],
    });
    await say('user', 'We will buy 0.05 BTC.');
    await say('assistant', 'Done.', {
      confidence: 0.6,
      sources: 'ticker',
      collections: ['orders'],
      responseTimeMs: 900,
    });
    runtime.advance(2_000);
    const { status, body } = await end('ender', sessionId, { reason: 'bought' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      sessionId,
      status: 'ended',
      lastSeq: 4,
      summary: { throughSeq: 4, by: 'extractive' },
      end: {
        endedAt: '2026-03-01T09:00:10.000Z',
        reason: 'bought',
        analytics: {
          messages: 4,
          queries: 2,
          turns: 2,
          durationSeconds: 8,
          responseTimeMs: { count: 2, mean: 1450, min: 900, max: 2000 },
          confidence: { count: 2, mean: 0.7, min: 0.6, max: 0.8 },
          sources: { ticker: 2, 'news-7': 1 },
          collections: { orders: 1 },
        },
      },
    });
    expect(body.summary.text).toContain('We will buy 0.05 BTC.');
    const listed = { sessionId, status: 'ended', end: body.end };
    expect((await list('ender')).body.items).toMatchObject([listed]);
    expect((await list('ender', { userId: 'ada' })).body.items).toMatchObject([listed]);
    expect((await resume('ender', sessionId)).body).toMatchObject({ ...body, messages: [{}, {}, {}, {}] });
    expect(await openRows(fixture, 'ender')).toEqual([]);
    // The record outlives the messages: 90 days after the end it is gone too.
    runtime.advance(89 * 24 * 60 * MINUTE);
    expect((await list('ender')).body.items).toMatchObject([listed]);
    runtime.advance(2 * 24 * 60 * MINUTE);
    expect((await list('ender')).body.items).toEqual([]);
  });

  it('twice is one end, also at the same time, and nothing is said after it', async () => {
    const { open, say, end, runtime } = createSessionsFixture();
    const sessionId = await open('twice');
    await say('twice', sessionId, 'hello');
    const answers = await Promise.all([1, 2, 3].map((i) => end('twice', sessionId, { reason: `r${i}` })));
    runtime.advance(MINUTE);
    answers.push(await end('twice', sessionId));
    for (const { body } of answers) expect(body).toEqual(answers[0]!.body);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const late = await say('twice', sessionId, 'too late');
    expect([late.status, late.body.error.code]).toEqual([409, 'Conflict']);
  });

  it('of nothing said has no summary, and means of nothing are null', async () => {
    const { open, end } = createSessionsFixture();
    const { body } = await end('silent', await open('silent'));
    expect(body).toMatchObject({
      summary: null,
      end: { reason: 'completed', analytics: { messages: 0, responseTimeMs: { count: 0, mean: null } } },
    });
  });

  it('holds every message that was acknowledged before it, and answers 409 when they keep coming', async () => {
    const plain = createSessionsFixture();
    const sessionId = await plain.open('racer');
    let racing = 0;
    // Before each attempt at the end, somebody else appends.
    const racer = (times: number) =>
      createSessionsFixture({
        documents: intercept(async (command, pass) => {
          if (command.constructor.name === 'TransactWriteCommand' && racing++ < times)
            await plain.say('racer', sessionId, `m${racing}`);
          return pass(command);
        }),
      });
    expect((await racer(100).end('racer', sessionId)).body.error.code).toBe('Conflict');
    racing = 0;
    const { body } = await racer(2).end('racer', sessionId);
    const said = await history(plain, 'racer', sessionId);
    expect(body.end.analytics.messages).toBe(said.length);
    expect(body.summary.throughSeq).toBe(said.at(-1)!.seq);
  });

  it('waits for a message that is on its way', async () => {
    const plain = createSessionsFixture();
    const sessionId = await plain.open('hurried');
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow = createSessionsFixture({
      documents: intercept(async (command, pass) => {
        if (command.constructor.name === 'PutCommand') {
          setTimeout(release, 0);
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        return pass(command);
      }),
    });
    slow.runtime.setTime(plain.runtime.clock());
    const appending = slow.say('hurried', sessionId, 'just in time');
    await held;
    const { body } = await plain.end('hurried', sessionId);
    expect((await appending).status).toBe(201);
    expect(body).toMatchObject({ lastSeq: 1, end: { analytics: { messages: 1 } } });
  });

  it('killed after any of its writes is done or not, and done when repeated', async () => {
    const plain = createSessionsFixture();
    for (const k of [0, 1]) {
      const sessionId = await plain.open(`killed-${k}`, { userId: 'kim' });
      await plain.say(`killed-${k}`, sessionId, 'hello');
      const dying = createSessionsFixture({ documents: dyingAfter(k, { count: 0 }) });
      expect((await dying.end(`killed-${k}`, sessionId)).status).toBe(500);
      const { body } = await plain.end(`killed-${k}`, sessionId);
      expect(body).toMatchObject({ status: 'ended', end: { analytics: { messages: 1 } } });
      expect((await plain.list(`killed-${k}`, { userId: 'kim' })).body.items).toMatchObject([
        { sessionId, status: 'ended' },
      ]);
    }
  });
});

describe('a session that nobody ends', () => {
  it('gets the same record at the next sweep after it expires, as of the instant it did', async () => {
    const fixture = createSessionsFixture();
    const { open, say, resume, list, end, runtime } = fixture;
    const sweep = createSweeper(runtime);
    const sessionId = await open('vanished', { userId: 'ada' });
    await say('vanished', sessionId, 'We decided to wait until 14:00.');
    const { expiresAt } = (await resume('vanished', sessionId)).body;
    runtime.advance(29 * MINUTE);
    expect(await sweep()).toMatchObject({ ended: 0 });
    expect((await resume('vanished', sessionId)).body.status).toBe('active');
    runtime.advance(MINUTE);
    const unswept = (await resume('vanished', sessionId)).body;
    expect(unswept.status).toBe('expired');
    expect(unswept.end).toBeUndefined();
    runtime.advance(15 * MINUTE);
    await sweep();
    const { body } = await resume('vanished', sessionId);
    expect(body).toMatchObject({
      status: 'expired',
      summary: { text: 'Decisions: We decided to wait until 14:00.' },
      end: { endedAt: expiresAt, reason: 'expired', analytics: { messages: 1, queries: 1 } },
    });
    expect((await list('vanished', { userId: 'ada' })).body.items).toMatchObject([
      { sessionId, status: 'expired', end: body.end },
    ]);
    expect((await say('vanished', sessionId, 'hello?')).status).toBe(404);
    expect((await end('vanished', sessionId, { reason: 'done' })).body.end).toEqual(body.end);
    expect(await sweep()).toMatchObject({ due: 0 });
    expect(await openRows(fixture, 'vanished')).toEqual([]);
  });

  it('is ended as expired by whoever ends it too late', async () => {
    const { open, end, runtime } = createSessionsFixture();
    const sessionId = await open('late');
    runtime.advance(31 * MINUTE);
    expect((await end('late', sessionId, { reason: 'done' })).body).toMatchObject({
      status: 'expired',
      end: { reason: 'expired' },
    });
  });

  it('is left alone by the sweep while it goes on, also when a message comes in between', async () => {
    const fixture = createSessionsFixture();
    const { open, say, resume, runtime } = fixture;
    const sessionId = await open('lively');
    runtime.advance(20 * MINUTE);
    await say('lively', sessionId, 'still here');
    runtime.advance(15 * MINUTE);
    expect(await createSweeper(runtime)()).toMatchObject({ due: 1, ended: 0, failed: 0 });
    // Not looked at again before it is due.
    expect(await createSweeper(runtime)()).toMatchObject({ due: 0 });
    runtime.advance(14 * MINUTE);
    // Live to this clock; to the sweep's, a minute and a half ahead, it is over until the message arrives.
    const meanwhile = createSweeper(
      { ...runtime, clock: () => new Date(runtime.clock().getTime() + 1.5 * MINUTE) },
      {
        documents: intercept(async (command, pass) => {
          if (command.constructor.name === 'TransactWriteCommand')
            await say('lively', sessionId, 'in between');
          return pass(command);
        }),
      },
    );
    expect(await meanwhile()).toMatchObject({ due: 1, ended: 0 });
    expect((await resume('lively', sessionId)).body).toMatchObject({ status: 'active', lastSeq: 2 });
    expect(await openRows(fixture, 'lively')).toHaveLength(1);
  });

  it('is swept however often the sweep dies on the way, once', async () => {
    const fixture = createSessionsFixture();
    const { open, say, runtime, list } = fixture;
    for (let i = 0; i < 3; i++) await say('crashy', await open('crashy'), `m${i}`);
    runtime.advance(31 * MINUTE);
    await createSweeper(runtime, { documents: dyingAfter(1, { count: 0 }) })().catch(() => undefined);
    await createSweeper(runtime)();
    const { items } = (await list('crashy')).body;
    expect(items).toHaveLength(3);
    for (const item of items)
      expect(item).toMatchObject({ status: 'expired', end: { analytics: { messages: 1 } } });
    expect(await openRows(fixture, 'crashy')).toEqual([]);
  });

  it('waits for the next sweep when time is short, and fails loudly when every one fails', async () => {
    const { open, runtime } = createSessionsFixture();
    await open('patient');
    runtime.advance(31 * MINUTE);
    expect(await createSweeper(runtime)(29_000)).toMatchObject({ ended: 0, cutShort: true });
    const broken = createSweeper(runtime, {
      documents: intercept((command, pass) =>
        command.constructor.name === 'TransactWriteCommand'
          ? Promise.reject(new Error('broken'))
          : pass(command),
      ),
    });
    await expect(broken()).rejects.toThrow('none of 1 sessions');
    await expect(createSweeper(runtime, { documents: alwaysThrows(new Error('down')) })()).rejects.toThrow(
      'down',
    );
    expect(await createSweeper(runtime)()).toMatchObject({ due: 1, ended: 1 });
  });

  it('and was collected before it was swept is forgotten', async () => {
    const fixture = createSessionsFixture();
    await fixture.open('collected');
    fixture.runtime.advance(40 * 24 * 60 * MINUTE);
    await createSweeper(fixture.runtime)();
    expect(await openRows(fixture, 'collected')).toEqual([]);
  });
});
