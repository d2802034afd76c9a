import { beforeAll, describe, expect, it } from '@jest/globals';
import type { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { HEAD, sessionPartition, summaryToItem } from '../../../lambdas/sessions/table.ts';
import { toTtl } from '../../../lambdas/shared/platform/clock.ts';
import { PARTITION_KEY, SORT_KEY } from '../../../lambdas/shared/schema/tables.ts';
import type { Answer } from '../../support/api.ts';
import { intercept } from '../../support/faults.ts';
import { createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createApi, NOW } from '../decisions/support.ts';
import { createSessionsFixture } from '../sessions/fixture.ts';
import { createSignalsFixture } from '../signals/fixture.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';
import { createContextFixture } from './fixture.ts';

const data = createUnrecordedRuntime({ now: NOW });
const sessions = createSessionsFixture({ now: NOW });
const signals = createSignalsFixture({ now: NOW });
const decisions = createApi();
const state = new Table(data.documents, tableName('state'), data.clock);

/** What the summarizer would have left of a session's first message. */
const summarize = (agentId: string, sessionId: string, text: string) =>
  state.put(
    summaryToItem(
      { agentId, sessionId },
      { content: { by: 'test', text }, throughSeq: 1, updatedAt: NOW },
      toTtl(Date.parse(NOW) + 1e9),
    ),
  );

/**
 * So many calls that create something. On a busy machine some are refused, as 429 or 503, and are sent again. Ten at a
 * time, because the client's connection timeout of a second also counts the wait for one of its 50 sockets.
 */
async function createMany(count: number, create: () => Promise<Answer>): Promise<void> {
  for (let created = 0; created < count;) {
    const answers = await Promise.all(Array.from({ length: Math.min(10, count - created) }, create));
    for (const { status } of answers) expect([201, 429, 503]).toContain(status);
    created += answers.filter(({ status }) => status === 201).length;
  }
}

beforeAll(createTables);

describe('of what there is, a context', () => {
  it('brings nothing of what was said with another user, and leaves nothing out where one is unknown', async () => {
    const talk = async (user: object, content: string): Promise<string> => {
      const id = await sessions.open('desk', { topic: 'refund', ...user });
      await sessions.say('desk', id, content);
      expect((await sessions.end('desk', id, { insights: [{ content }] })).status).toBe(200);
      await summarize('desk', id, `Said: ${content}`);
      return id;
    };
    const ada = await talk({ userId: 'ada' }, 'Ada wants a refund for Oslo.');
    const bob = await talk({ userId: 'bob' }, 'Bob wants a refund for Rome.');
    const nobody = await talk({}, 'A refund takes a week.');
    const shown = async (user: object) => {
      const current = await sessions.open('desk', { topic: 'refund', ...user });
      const { body } = await createContextFixture({ now: NOW }).ask('desk', {
        sessionId: current,
        query: 'refund',
        budgets: { relevant: 2_000 },
      });
      expect(body.degraded).toEqual([]);
      const of = (kind: string) =>
        body.relevant.filter((item: { kind: string }) => item.kind === kind).length;
      return {
        sessions: [ada, bob, nobody].filter((id) =>
          body.relevant.some((item: { id: string }) => item.id === id),
        ),
        memories: of('memory'),
        text: body.text as string,
      };
    };
    const his = await shown({ userId: 'bob' });
    expect(his).toMatchObject({ sessions: [bob, nobody], memories: 2 });
    expect(his.text).not.toMatch(/Ada|Oslo/);
    expect(await shown({})).toMatchObject({ sessions: [ada, bob, nobody], memories: 3 });
  });

  it('brings an earlier session that went on into these seven days, whatever was opened since', async () => {
    const day = 86_400_000;
    const before = createSessionsFixture({ now: new Date(Date.parse(NOW) - 8 * day).toISOString() });
    const topic = { topic: 'visa', expiresAfterSeconds: 604_800 };
    const long = await before.open('clerk', topic);
    const past = await before.open('clerk', topic);
    for (const id of [long, past]) await before.say('clerk', id, 'What does it cost?');
    before.runtime.advance(0.5 * day);
    expect((await before.end('clerk', past)).status).toBe(200);
    before.runtime.advance(5 * day);
    await before.say('clerk', long, 'And how long does it take?');
    before.runtime.advance(2.5 * day - 3_600_000);
    expect((await before.end('clerk', long)).status).toBe(200);
    for (const id of [long, past]) await summarize('clerk', id, 'A visa costs 80 EUR.');
    await createMany(105, () => sessions.create('clerk', { topic: 'other' }));
    const current = await sessions.open('clerk', { topic: 'Visa' });
    const instance = createContextFixture({ now: NOW });
    const shown = async () => {
      const { body } = await instance.ask('clerk', { sessionId: current });
      expect(body.degraded).toEqual([]);
      return body.relevant.map(({ id, timestamp }: { id: string; timestamp: string }) => [id, timestamp]);
    };
    const ended = new Date(Date.parse(NOW) - 3_600_000).toISOString();
    expect(await shown()).toEqual([[long, ended]]);
    // What is no longer on the page that is asked for again is asked for itself: it may have been erased.
    await state.delete({ [PARTITION_KEY]: sessionPartition('clerk', long), [SORT_KEY]: HEAD });
    instance.runtime.advance(61_000);
    expect(await shown()).toEqual([]);
  });

  it('shows a critical signal that waits behind many, and says when too many wait', async () => {
    const before = createSignalsFixture({ now: new Date(Date.parse(NOW) - 60_000).toISOString() });
    await before.register('scout', 'busy');
    await before.publish('scout', { targetAgents: ['busy'], severity: 'critical', signalType: 'FIRE' });
    const publish = (many: number) =>
      createMany(many, () => signals.publish('scout', { targetAgents: ['busy'], severity: 'info' }));
    const ask = async () => (await createContextFixture({ now: NOW }).ask('busy')).body;
    await publish(60);
    const some = await ask();
    expect([some.degraded, some.signals[0].signalType]).toEqual([[], 'FIRE']);
    await publish(140);
    expect((await ask()).degraded).toEqual(['signals']);
  });

  it.each([
    ['info', 'guard'],
    ['critical', 'guard'],
    ['info', 'spammer'],
  ])(
    'shows the alarm first behind 240 signals of one source, though they are %s and it is of %s',
    async (severity, source) => {
      const agentId = `flooded-${severity}-${source}`;
      const before = createSignalsFixture({ now: new Date(Date.parse(NOW) - 60_000).toISOString() });
      await before.register(agentId);
      await before.publish(source, { targetAgents: [agentId], severity: 'critical', signalType: 'FIRE' });
      await createMany(240, () => signals.publish('spammer', { targetAgents: [agentId], severity }));
      const { body } = await createContextFixture({ now: NOW }).ask(agentId);
      const shown = body.signals.map(({ signalType }: { signalType: string }) => signalType);
      // As many of equal severity of the other source go before it as there are sources: one.
      expect(shown.slice(0, severity === 'critical' ? 2 : 1)).toContain('FIRE');
      expect(body.degraded).toEqual(['signals']);
    },
  );

  it('shows no decision that was voided since, nor one that moves up for it', async () => {
    const minute = 60_000;
    const ids: string[] = [];
    for (let i = 0; i < 13; i++) {
      const { body } = await decisions.log('fixer', {
        context: { key: `k${i}` },
        timestamp: new Date(Date.parse(NOW) - (20 - i) * minute).toISOString(),
      });
      ids.unshift(body.decisionId);
    }
    const read: (boolean | undefined)[] = [];
    const instance = createContextFixture({
      now: NOW,
      documents: intercept((command, pass) => {
        const { TableName, IndexName, ConsistentRead } = (command as QueryCommand).input;
        if (TableName === tableName('decisions') && !IndexName) read.push(ConsistentRead);
        return pass(command);
      }),
    });
    const shown = async () =>
      (await instance.ask('fixer', { budgets: { relevant: 5_000 } })).body.relevant.map(
        ({ id }: { id: string }) => id,
      );
    expect(await shown()).toEqual(ids.slice(0, 10));
    // The week eventually consistent; what is shown is read again in one batch, which names its table elsewhere.
    expect(read).toEqual([false]);
    // The ninth, and of what follows the tenth the first.
    for (const i of [8, 10]) await decisions.outcome('fixer', ids[i]!, { status: 'voided' });
    instance.runtime.advance(31_000);
    expect(await shown()).toEqual([...ids.slice(0, 8), ids[9], ids[11]]);
  });
});
