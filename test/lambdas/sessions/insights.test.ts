import { beforeAll, describe, expect, it } from '@jest/globals';
import { MemoryFeed } from '../../../lambdas/memories/memory-feed.ts';
import { MemoryRecords } from '../../../lambdas/memories/memory-records.ts';
import { memoryIdOf } from '../../../lambdas/memories/memory.ts';
import { MemoryStore } from '../../../lambdas/memories/memory-store.ts';
import { defaultMemoryCategories } from '../../../lambdas/shared/schema/memory-categories.ts';
import { dyingAfter, intercept } from '../../support/faults.ts';
import { createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createSessionsFixture } from './fixture.ts';
import { createSweeper } from './keeping.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const MINUTE = 60_000;
const stated = { content: 'Ada prefers limit orders.', importance: 0.9, tags: ['ada'] };

beforeAll(() => createTables());

/** What an agent's memory has of an insight. */
async function remembered(agentId: string, content: string) {
  const { documents, clock, randomPart } = createUnrecordedRuntime();
  const table = tableName('memory');
  const memories = new MemoryStore(new Table(documents, table, clock), defaultMemoryCategories, {
    records: new MemoryRecords(new Table(documents, table)),
    feed: new MemoryFeed(new Table(documents, table, clock), randomPart),
  });
  return memories.get(agentId, memoryIdOf(agentId, 'INSIGHT', 'insights', content)).catch(() => undefined);
}

/** A client for which the memory table is out of order. */
const withoutMemory = intercept((command, pass) =>
  JSON.stringify((command as { input: object }).input).includes(tableName('memory'))
    ? Promise.reject(new Error('memory is down'))
    : pass(command),
);

describe('the insights of a session', () => {
  it('that the agent states are in its long-term memory, with where they come from', async () => {
    const { open, end } = createSessionsFixture();
    const sessionId = await open('stating', { userId: 'ada', topic: 'orders' });
    await end('stating', sessionId, { insights: [stated, { content: 'She trades at noon.' }] });
    const { body } = await end('stating', sessionId, { insights: [{ content: 'Too late to say.' }] });
    expect(await remembered('stating', stated.content)).toMatchObject({
      memoryType: 'INSIGHT',
      importance: 0.9,
      tags: ['ada'],
      metadata: { topic: 'orders', occurredAt: body.end.endedAt },
      provenance: { sessionId, userId: 'ada', source: 'session' },
      timesSeen: 1,
    });
    expect(await remembered('stating', 'She trades at noon.')).toMatchObject({ importance: 0.7 });
    expect(await remembered('stating', 'Too late to say.')).toBeUndefined();
  });

  it('that are stated for what the sweep has ended are in its memory beside what that left, once', async () => {
    const { runtime, open, say, end } = createSessionsFixture();
    const sessionId = await open('late', { topic: 'BTC-USD' });
    await say('late', sessionId, 'We decided to hold until 70,000.');
    runtime.advance(45 * MINUTE);
    await createSweeper(runtime)();
    for (let times = 0; times < 2; times++) {
      const { status, body } = await end('late', sessionId, { insights: [stated] });
      expect([status, body.end.reason]).toEqual([200, 'expired']);
    }
    expect(await remembered('late', stated.content)).toMatchObject({
      timesSeen: 1,
      provenance: { sessionId },
    });
    expect(
      await remembered('late', 'Session about BTC-USD. Decisions: We decided to hold until 70,000.'),
    ).toMatchObject({ timesSeen: 1 });
  });

  it('that several sessions have are one memory, seen so often', async () => {
    const { open, end } = createSessionsFixture();
    for (let i = 0; i < 3; i++) await end('again', await open('again'), { insights: [stated] });
    expect(await remembered('again', stated.content)).toMatchObject({ timesSeen: 3 });
  });

  it('are what was decided in it, if the agent states none; small talk leaves nothing', async () => {
    const { open, say, end } = createSessionsFixture();
    const talk = async (agentId: string, text: string) => {
      const sessionId = await open(agentId, { topic: 'BTC-USD' });
      await say(agentId, sessionId, text);
      await end(agentId, sessionId);
      return remembered(agentId, `Session about BTC-USD. Decisions: ${text}`);
    };
    expect(await talk('decider', 'We decided to hold until 70,000.')).toMatchObject({
      importance: 0.5,
      tags: ['BTC-USD'],
    });
    expect(await talk('talker', 'Nice weather in Rome at 25 degrees.')).toBeUndefined();
    const sessionId = await open('refuser');
    await say('refuser', sessionId, 'We decided to hold.');
    await end('refuser', sessionId, { insights: [] });
    expect(await remembered('refuser', 'Session. Decisions: We decided to hold.')).toBeUndefined();
  });

  it('wait for the sweep when memory is out of order, and the session is over all the same', async () => {
    const { runtime, open, resume } = createSessionsFixture();
    const sessionId = await open('waiting');
    const broken = createSessionsFixture({ documents: withoutMemory });
    expect((await broken.end('waiting', sessionId, { insights: [stated] })).status).toBe(200);
    expect((await resume('waiting', sessionId)).body.status).toBe('ended');
    expect(await remembered('waiting', stated.content)).toBeUndefined();
    runtime.advance(2 * MINUTE);
    await createSweeper(runtime)();
    expect(await remembered('waiting', stated.content)).toMatchObject({ timesSeen: 1 });
    expect(await createSweeper(runtime)()).toMatchObject({ due: 0 });
  });

  it('count once wherever the process that offers them dies', async () => {
    const { runtime, open, say } = createSessionsFixture();
    for (const k of [2, 3, 4]) {
      const agentId = `dying-${k}`;
      const sessionId = await open(agentId);
      await say(agentId, sessionId, 'hello');
      const dying = createSessionsFixture({ documents: dyingAfter(k, { count: 0 }) });
      await dying.end(agentId, sessionId, { insights: [stated, { content: 'And another.' }] });
      runtime.advance(2 * MINUTE);
      await createSweeper(runtime)();
      for (const content of [stated.content, 'And another.'])
        expect(await remembered(agentId, content)).toMatchObject({ timesSeen: 1 });
    }
  });

  it('of sessions that nobody ended come with the sweep, again seen when they are known', async () => {
    const { runtime, open, say } = createSessionsFixture();
    for (let i = 0; i < 2; i++) await say('swept', await open('swept'), 'We decided to wait.');
    runtime.advance(31 * MINUTE);
    await createSweeper(runtime)();
    expect(await remembered('swept', 'Session. Decisions: We decided to wait.')).toMatchObject({
      timesSeen: 2,
    });
  });
});
