import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { agentRoutes } from '../../../lambdas/agents/contract.ts';
import { itemBytes } from '../../../lambdas/shared/dynamodb/item-size.ts';
import { call } from '../../support/api.ts';
import { dyingAfter, intercept } from '../../support/faults.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { ownDocuments, startAgents, startMeasured } from './agents-handler.ts';

beforeAll(() => createTables());

const NOW = '2026-03-01T09:30:00.000Z';
const MINUTE = 60_000;

type Handler = ReturnType<typeof startAgents>['handler'];

const count = async (handler: Handler, agentId: string, body: Record<string, unknown>) =>
  (
    await call(handler, agentRoutes.count, {
      params: { agentId, key: 'calls' },
      body: { windowSeconds: 60, ...body },
    })
  ).body;

const rowOf = async (agentId: string, start = NOW, windowSeconds = 60) =>
  (
    await ownDocuments.send(
      new GetCommand({
        TableName: tableName('state'),
        Key: { PK: `agent:${agentId}`, SK: `COUNTER#calls#${windowSeconds}#${start}` },
      }),
    )
  ).Item;

describe('a count with a clientToken', () => {
  it('is counted once, and a repeat answers what the first answered', async () => {
    const { handler } = startAgents({ now: NOW });
    const first = await count(handler, 'once', { by: 3, limit: 10, clientToken: 'größe 🚀' });
    expect(first).toMatchObject({ value: 3, allowed: true, remaining: 7 });
    expect(await count(handler, 'once', { by: 2 })).toMatchObject({ value: 5 });
    expect(await count(handler, 'once', { by: 3, limit: 10, clientToken: 'größe 🚀' })).toEqual(first);
    expect(await count(handler, 'once', { by: 1, clientToken: 'other' })).toMatchObject({ value: 6 });
    expect((await rowOf('once'))!['count']).toBe(6);
  });

  it('with another body is refused, and counts nothing', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    await count(handler, 'mismatch', { by: 1, limit: 5, clientToken: 't' });
    const bodies = [{ by: 2, limit: 5 }, { by: 1, limit: 6 }, { by: 1 }];
    for (const body of bodies)
      expect((await count(handler, 'mismatch', { ...body, clientToken: 't' })).error.code).toBe(
        'IdempotencyMismatch',
      );
    runtime.advance(MINUTE);
    expect((await count(handler, 'mismatch', { by: 2, clientToken: 't' })).error.code).toBe(
      'IdempotencyMismatch',
    );
    expect((await rowOf('mismatch'))!['count']).toBe(1);
  });

  it('counts in each window length: those are counters of their own', async () => {
    const { handler } = startAgents({ now: NOW });
    for (const windowSeconds of [60, 3600])
      for (let i = 0; i < 2; i++)
        expect(await count(handler, 'lengths', { windowSeconds, clientToken: 't' })).toMatchObject({
          value: 1,
        });
  });

  it('says by default what it says by name', async () => {
    const { handler } = startAgents({ now: NOW });
    const first = await count(handler, 'default', { clientToken: 't' });
    expect(await count(handler, 'default', { by: 1, clientToken: 't' })).toEqual(first);
  });

  it('repeated in a later window answers of its own window and counts in neither', async () => {
    const { handler, runtime } = startAgents({ now: '2026-03-01T09:30:59.999Z' });
    const ask = (clientToken: string) => count(handler, 'rollover', { limit: 9, clientToken });
    const first = await ask('a');
    expect(first).toMatchObject({ value: 1, resetsAt: '2026-03-01T09:31:00.000Z' });
    runtime.advance(1);
    expect(await ask('a')).toEqual(first);
    expect(await rowOf('rollover', '2026-03-01T09:31:00.000Z')).toBeUndefined();
    expect(await ask('b')).toMatchObject({ value: 1, resetsAt: '2026-03-01T09:32:00.000Z' });
    expect(await ask('a')).toEqual(first);
    runtime.advance(5 * MINUTE);
    await count(handler, 'rollover', {});
    expect(await ask('a')).toEqual(first);
    expect(await ask('c')).toMatchObject({ value: 2 });
    expect(await ask('a')).toEqual(first);
  });

  it('repeated when the window is full answers that it was counted', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    const first = await count(handler, 'full', { limit: 2, clientToken: 'a' });
    await count(handler, 'full', { limit: 2, clientToken: 'b' });
    expect(await count(handler, 'full', { limit: 2, clientToken: 'a' })).toEqual(first);
    runtime.advance(MINUTE);
    await count(handler, 'full', { by: 2 });
    expect(await count(handler, 'full', { limit: 2, clientToken: 'a' })).toEqual(first);
    const refused = await count(handler, 'full', { limit: 2, clientToken: 'c' });
    expect(refused).toMatchObject({ value: 2, allowed: false, remaining: 0 });
    expect(await count(handler, 'full', { limit: 2, clientToken: 'c' })).toEqual(refused);
  });

  it('that was refused counted nothing, and is counted when there is room', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    expect(await count(handler, 'refused', { by: 3, limit: 2, clientToken: 'a' })).toMatchObject({
      value: 0,
      allowed: false,
    });
    await count(handler, 'refused', { by: 2, limit: 2, clientToken: 'b' });
    expect(await count(handler, 'refused', { limit: 2, clientToken: 'c' })).toMatchObject({ allowed: false });
    runtime.advance(MINUTE);
    expect(await count(handler, 'refused', { limit: 2, clientToken: 'c' })).toMatchObject({
      value: 1,
      allowed: true,
    });
  });

  it('is known with the last 16, across windows, and the item stays within 1 KB', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    const answers: unknown[] = [];
    const repeatLast = async () => {
      const from = Math.max(0, answers.length - 16);
      for (let i = from; i < answers.length; i++)
        expect(await count(handler, 'sixteen', { clientToken: `token-${i}` })).toEqual(answers[i]);
    };
    for (let i = 0; i < 70; i++) {
      if (i % 10 === 5) runtime.advance(MINUTE);
      answers.push(await count(handler, 'sixteen', { clientToken: `token-${i}` }));
      if (i % 7 === 0) await repeatLast();
      const start = new Date(Math.floor(runtime.clock().getTime() / MINUTE) * MINUTE).toISOString();
      const bytes = itemBytes((await rowOf('sixteen', start))!);
      expect(bytes).toBeLessThanOrEqual(1024);
    }
    await repeatLast();
  });

  it('twenty times at once, from five instances, is counted once', async () => {
    for (const advanced of [0, MINUTE]) {
      const instances = Array.from({ length: 5 }, () => startAgents({ now: NOW }));
      for (const { runtime } of instances) runtime.advance(advanced);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          count(instances[i % 5]!.handler, 'crowd', { limit: 7, clientToken: `t${advanced}` }),
        ),
      );
      for (const answer of answers) expect(answer).toEqual(answers[0]);
      expect(answers[0]).toMatchObject({ value: 1, allowed: true });
    }
  });

  it('is counted exactly among others, and lets exactly the limit pass', async () => {
    const { handler } = startAgents({ now: NOW });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => count(handler, 'mixed', { limit: 7, clientToken: `t${i >> 1}` })),
    );
    const values = answers.filter(({ allowed }) => allowed).map(({ value }) => value);
    expect([...new Set(values)].sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect((await rowOf('mixed'))!['count']).toBe(7);
  });

  it('after a lost answer, at whichever write, is counted once', async () => {
    for (let k = 1; k <= 4; k++) {
      const { handler } = startAgents({ now: NOW, documents: dyingAfter(k, { count: 0 }) });
      await count(handler, `lost-${k}`, { clientToken: 't' });
      const again = await count(startAgents({ now: NOW }).handler, `lost-${k}`, { clientToken: 't' });
      expect(again).toMatchObject({ value: 1, allowed: true });
    }
    let lost = 0;
    const { handler } = startAgents({
      now: NOW,
      retries: () => true,
      documents: intercept(async (command, pass) => {
        const answer = await pass(command);
        if (command.constructor.name === 'UpdateCommand' && lost++ < 4)
          throw Object.assign(new Error('lost'), { name: 'InternalServerError', $fault: 'server' });
        return answer;
      }),
    });
    expect(await count(handler, 'resent', { clientToken: 't' })).toMatchObject({ value: 1 });
    expect((await rowOf('resent'))!['count']).toBe(1);
  });

  it('goes on from a row stored by the version before', async () => {
    await ownDocuments.send(
      new PutCommand({
        TableName: tableName('state'),
        Item: { PK: 'agent:before', SK: `COUNTER#calls#60#${NOW}`, count: 4, ttl: 1_772_361_060 },
      }),
    );
    const { handler, runtime } = startAgents({ now: NOW });
    const first = await count(handler, 'before', { limit: 5, clientToken: 't' });
    expect(first).toMatchObject({ value: 5, allowed: true });
    expect(await count(handler, 'before', { limit: 5, clientToken: 't' })).toEqual(first);
    runtime.advance(MINUTE);
    expect(await count(handler, 'before', { limit: 5, clientToken: 't' })).toEqual(first);
  });

  it('costs 1 write unit, for the first of a window a look at the others too', async () => {
    const { handler, spent, runtime } = startMeasured({ now: NOW });
    await count(handler, 'frugal', { limit: 99, clientToken: 'first' });
    for (let i = 0; i < 14; i++) await count(handler, 'frugal', { limit: 99, clientToken: `t${i}` });
    const registration = 2;
    // The emulator gives away a query that finds nothing.
    const look = 0;
    expect(spent.splice(0)).toEqual([registration, look, ...Array.from({ length: 15 }, () => 1)]);
    for (let i = 14; i < 39; i++) await count(handler, 'frugal', { limit: 99, clientToken: `t${i}` });
    // Every eighth has one more, which forgets the oldest.
    expect(spent.splice(0).reduce((sum, units) => sum + units)).toBe(25 + 3);
    runtime.advance(MINUTE);
    await count(handler, 'frugal', { limit: 99, clientToken: 'next' });
    expect(spent.splice(0)).toEqual([1, 1]);
  });

  it.each(['', 'x'.repeat(129), 7])('refuses %p', async (clientToken) => {
    const { error } = await count(startAgents().handler, 'wrong', { clientToken });
    expect(error).toMatchObject({ code: 'ValidationFailed', issues: [{ path: 'clientToken' }] });
  });
});
