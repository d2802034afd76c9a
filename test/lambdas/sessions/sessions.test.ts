import { beforeAll, describe, expect, it } from '@jest/globals';
import { createTables } from '../../support/tables.ts';
import { createSessionsFixture, history } from './fixture.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

beforeAll(() => createTables());

describe('opening a session', () => {
  it('answers what it was opened with, and when it will expire', async () => {
    const { create, runtime } = createSessionsFixture({ now: '2026-03-01T09:00:00.000Z' });
    const opened = { userId: 'ada', topic: 'BTC-USD', metadata: { channel: 'chat', z: 1, a: 2 } };
    const { body } = await create('opener', opened);
    expect(body).toEqual({
      agentId: 'opener',
      sessionId: expect.stringMatching(/^SESSION-[0-9A-Z]{26}$/),
      ...opened,
      status: 'active',
      createdAt: runtime.clock().toISOString(),
      lastActivityAt: runtime.clock().toISOString(),
      expiresAfterSeconds: 1800,
      expiresAt: '2026-03-01T09:30:00.000Z',
      lastSeq: 0,
    });
  });

  it('is one session for one token, and refuses the token with another payload', async () => {
    const { create, list } = createSessionsFixture();
    const first = await create('tokens', { topic: 'a', clientToken: 't' });
    expect((await create('tokens', { topic: 'a', clientToken: 't' })).body).toEqual(first.body);
    expect((await create('tokens', { topic: 'b', clientToken: 't' })).body.error.code).toBe(
      'IdempotencyMismatch',
    );
    expect((await create('others', { topic: 'b', clientToken: 't' })).status).toBe(201);
    expect((await list('tokens')).body.items).toHaveLength(1);
  });

  it('names the size of metadata that is too large', async () => {
    const { create } = createSessionsFixture();
    const { status, body } = await create('large', { metadata: { text: 'x'.repeat(2048) } });
    expect([status, body.error.message]).toEqual([
      413,
      'The metadata is 2059 bytes as JSON; the limit is 2048',
    ]);
  });
});

describe('messages', () => {
  it('come back in the order in which they were appended, with everything they were given', async () => {
    const { open, append, resume } = createSessionsFixture();
    const sessionId = await open('talker');
    const said = [
      { role: 'user', content: 'How is BTC?' },
      { role: 'tool', content: '{"price": 64000}', metadata: { sources: ['ticker'] } },
      { role: 'assistant', content: 'At 64,000.', metadata: { confidence: 0.9, nested: { a: [1, null] } } },
    ];
    for (const message of said) expect((await append('talker', sessionId, message)).status).toBe(201);
    const { body } = await resume('talker', sessionId);
    expect(body.messages).toMatchObject(said.map((message, i) => ({ ...message, seq: i + 1 })));
    expect(body).toMatchObject({ lastSeq: 3, summary: null });
  });

  it('appended at the same time each get a place of their own, in one order for every reader', async () => {
    const fixture = createSessionsFixture();
    const sessionId = await fixture.open('crowd');
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => fixture.say('crowd', sessionId, `message ${i}`)),
    );
    const bySeq = new Map(answers.map(({ body }) => [body.seq, body.content]));
    expect(bySeq.size).toBe(40);
    const read = await history(fixture, 'crowd', sessionId, 7);
    expect(read.map(({ seq, content }) => [seq, content])).toEqual([...bySeq].sort(([a], [b]) => a - b));
  });

  it('page newest first, and the last page says so', async () => {
    const { open, say, messages } = createSessionsFixture();
    const sessionId = await open('pager');
    for (let i = 1; i <= 5; i++) await say('pager', sessionId, `m${i}`);
    const first = (await messages('pager', sessionId, { maxResults: '2' })).body;
    expect(first.items.map(({ seq }: { seq: number }) => seq)).toEqual([5, 4]);
    const second = (await messages('pager', sessionId, { maxResults: '3', nextToken: first.nextToken })).body;
    expect(second.items.map(({ seq }: { seq: number }) => seq)).toEqual([3, 2, 1]);
    expect(second.nextToken).toBeNull();
    expect((await messages('pager', await open('pager'), {})).body).toEqual({ items: [], nextToken: null });
  });

  it('of 100 KB each are paged all the same, and resumed whole', async () => {
    const fixture = createSessionsFixture();
    const sessionId = await fixture.open('bulky');
    const long = 'x'.repeat(200_000);
    for (let i = 1; i <= 7; i++) await fixture.say('bulky', sessionId, `${i} ${long}`);
    expect((await fixture.resume('bulky', sessionId)).body.messages).toHaveLength(7);
    const read = await history(fixture, 'bulky', sessionId);
    expect(read.map(({ content }) => content[0])).toEqual(['1', '2', '3', '4', '5', '6', '7']);
  });

  it('over 400 KB are refused with their size, and take no number', async () => {
    const { open, say, resume } = createSessionsFixture();
    const sessionId = await open('huge');
    const { status, body } = await say('huge', sessionId, 'x'.repeat(410_000));
    expect([status, body.error.message]).toEqual([
      413,
      expect.stringMatching(/^The message is 4\d{5} bytes as stored; the limit is 409600$/),
    ]);
    expect((await resume('huge', sessionId)).body.lastSeq).toBe(0);
  });

  it('with the same token are one message, also when both come at once; another message is refused', async () => {
    const { open, append, resume } = createSessionsFixture();
    const sessionId = await open('repeater');
    const message = { role: 'user', content: 'once', clientToken: 'token-1' };
    const answers = await Promise.all([1, 2, 3].map(() => append('repeater', sessionId, message)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    const other = await append('repeater', sessionId, { ...message, content: 'twice' });
    expect(other.body.error.code).toBe('IdempotencyMismatch');
    expect((await resume('repeater', sessionId)).body).toMatchObject({ lastSeq: 1, messages: [{ seq: 1 }] });
  });

  it('are recognised by their tokens at least 16 messages later', async () => {
    const fixture = createSessionsFixture();
    const sessionId = await fixture.open('many-tokens');
    const message = (i: number) => ({ role: 'user', content: `m${i}`, clientToken: `token-${i}` });
    for (let i = 1; i <= 70; i++) await fixture.append('many-tokens', sessionId, message(i));
    for (let i = 55; i <= 70; i++)
      expect((await fixture.append('many-tokens', sessionId, message(i))).body.seq).toBe(i);
    expect(await history(fixture, 'many-tokens', sessionId)).toHaveLength(70);
  });
});

describe('a session expires', () => {
  it('exactly its time after the last activity, by its head alone', async () => {
    const { open, say, resume, runtime, messages } = createSessionsFixture();
    const sessionId = await open('timer', { expiresAfterSeconds: 3600 });
    runtime.advance(59 * MINUTE);
    await say('timer', sessionId, 'still here');
    runtime.advance(60 * MINUTE - 1);
    expect((await resume('timer', sessionId)).body.status).toBe('active');
    runtime.advance(1);
    expect((await resume('timer', sessionId)).body).toMatchObject({ status: 'expired', lastSeq: 1 });
    expect((await say('timer', sessionId, 'too late')).body.error.code).toBe('NotFound');
    expect((await messages('timer', sessionId)).body.items).toHaveLength(1);
  });

  it('not while it is slow but alive: after a month of one message a week its whole window is there', async () => {
    const { open, say, resume, runtime } = createSessionsFixture();
    const sessionId = await open('slow', { expiresAfterSeconds: 7 * 86_400 });
    for (let i = 0; i < 4; i++) {
      expect((await say('slow', sessionId, `week ${i}`)).status).toBe(201);
      runtime.advance(7 * DAY - 1);
    }
    expect((await resume('slow', sessionId)).body).toMatchObject({
      status: 'active',
      messages: [{ seq: 1 }, { seq: 2 }, { seq: 3 }, { seq: 4 }],
    });
  });

  it('at 30 days, however active', async () => {
    const { open, say, resume, runtime } = createSessionsFixture();
    const sessionId = await open('eternal', { expiresAfterSeconds: 7 * 86_400 });
    for (let day = 0; day < 29; day += 6) {
      await say('eternal', sessionId, `day ${day}`);
      runtime.advance(6 * DAY - 1);
    }
    const { expiresAt, createdAt } = (await resume('eternal', sessionId)).body;
    expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBe(30 * DAY);
    runtime.setTime(expiresAt);
    expect((await say('eternal', sessionId, 'day 30')).status).toBe(404);
  });

  it('and is read as gone once its rows may be collected', async () => {
    const { open, say, resume, messages, list, runtime } = createSessionsFixture();
    const sessionId = await open('gone', { userId: 'gone-user' });
    await say('gone', sessionId, 'hello');
    runtime.advance(37 * DAY + 1000);
    expect((await resume('gone', sessionId)).status).toBe(404);
    expect((await messages('gone', sessionId)).status).toBe(404);
    expect((await say('gone', sessionId, 'hello')).status).toBe(404);
    expect((await list('gone')).body.items).toEqual([]);
    expect((await list('gone', { userId: 'gone-user' })).body.items).toEqual([]);
  });
});

describe('listing sessions', () => {
  it('shows the newest first, how they stand, and those of one user', async () => {
    const { open, say, list, runtime } = createSessionsFixture();
    const first = await open('lister', { userId: 'ada', topic: 'BTC' });
    runtime.advance(20 * MINUTE);
    const second = await open('lister', { userId: 'bob' });
    runtime.advance(5 * MINUTE);
    await say('lister', second, 'hello');
    runtime.advance(5 * MINUTE);
    const { items } = (await list('lister')).body;
    expect(items).toMatchObject([
      { sessionId: second, userId: 'bob', status: 'active' },
      { sessionId: first, userId: 'ada', topic: 'BTC', status: 'expired' },
    ]);
    expect(Date.parse(items[0].lastActivityAt) - Date.parse(items[0].createdAt)).toBe(5 * MINUTE);
    expect((await list('lister', { userId: 'ada' })).body.items).toMatchObject([{ sessionId: first }]);
    const page = (await list('lister', { maxResults: '1' })).body;
    expect(page.items).toMatchObject([{ sessionId: second }]);
    const rest = (await list('lister', { maxResults: '1', nextToken: page.nextToken })).body;
    expect(rest).toMatchObject({ items: [{ sessionId: first }], nextToken: null });
    const other = await list('lister', { userId: 'ada', nextToken: page.nextToken });
    expect(other.body.error.issues[0].path).toBe('nextToken');
  });

  it('never shows what the same user said to another agent', async () => {
    const { open, list, resume, messages, say } = createSessionsFixture();
    const mine = await open('agent-a', { userId: 'shared-user' });
    const theirs = await open('agent-a2', { userId: 'shared-user' });
    expect((await list('agent-a', { userId: 'shared-user' })).body.items).toMatchObject([
      { sessionId: mine },
    ]);
    for (const answer of [
      await resume('agent-a', theirs),
      await messages('agent-a', theirs),
      await say('agent-a', theirs, 'hi'),
    ])
      expect(answer.body.error.code).toBe('NotFound');
  });
});
