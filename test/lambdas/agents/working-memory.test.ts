import { beforeAll, describe, expect, it } from '@jest/globals';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { agentRoutes } from '../../../lambdas/agents/contract.ts';
import { windowAt } from '../../../lambdas/agents/working-table.ts';
import { call } from '../../support/api.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { ownDocuments, startAgents, startMeasured } from './agents-handler.ts';

const { getAgent, putWorking, getWorking, deleteWorking, listWorking, count, getCount } = agentRoutes;

beforeAll(() => createTables());

const NOW = '2026-03-01T09:30:00.000Z';
const params = { agentId: 'hunter', key: 'current-context' };

describe('working memory', () => {
  it('gives back any JSON value, its keys in their order', async () => {
    const { handler } = startAgents({ now: NOW });
    let version = 0;
    for (const value of [{ z: 1, a: [null, { '': 0 }], m: 'ü' }, [], 'text', 0, false, null]) {
      // An empty key cannot be stored in a map attribute, so no body may hold one.
      const allowed = !JSON.stringify(value).includes('""');
      const put = await call(handler, putWorking, { params, body: { value, ttlSeconds: 60 } });
      if (!allowed) {
        expect(put.body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path: 'value.a.1.' }] });
        continue;
      }
      expect(put.body).toEqual({
        ...params,
        value,
        version: ++version,
        updatedAt: NOW,
        expiresAt: '2026-03-01T09:31:00.000Z',
      });
      expect((await call(handler, getWorking, { params })).body).toEqual(put.body);
    }
    await call(handler, putWorking, { params, body: { value: { z: 1, a: 2, m: { y: 1, b: 2 } } } });
    const { body } = await call(handler, getWorking, { params });
    expect(JSON.stringify(body.value)).toBe('{"z":1,"a":2,"m":{"y":1,"b":2}}');
    expect(body.expiresAt).toBe('2026-03-02T09:30:00.000Z');
  });

  it('registers an agent nobody knew', async () => {
    const { handler } = startAgents();
    await call(handler, putWorking, { params: { agentId: 'new-here', key: 'k' }, body: { value: 1 } });
    const { body } = await call(handler, getAgent, { params: { agentId: 'new-here' } });
    expect(body).toMatchObject({ type: 'unknown', health: 'unknown' });
  });

  it('is gone at the instant it expires, though DynamoDB still has it', async () => {
    const { handler, runtime } = startAgents({ now: '2026-03-01T09:30:00.500Z' });
    const own = { agentId: 'brief', key: 'k' };
    await call(handler, putWorking, { params: own, body: { value: 1, ttlSeconds: 1 } });
    runtime.advance(999);
    expect((await call(handler, getWorking, { params: own })).status).toBe(200);
    runtime.advance(1);
    expect((await call(handler, getWorking, { params: own })).body.error.code).toBe('NotFound');
    expect((await call(handler, deleteWorking, { params: own })).body.error.code).toBe('NotFound');
    expect((await call(handler, listWorking, { params: { agentId: 'brief' } })).body).toEqual({
      items: [],
      nextToken: null,
    });
    const { Item } = await ownDocuments.send(
      new GetCommand({ TableName: tableName('state'), Key: { PK: 'agent:brief', SK: 'WORKING#k' } }),
    );
    // Never before its time: the second is rounded up.
    expect(Item).toMatchObject({ ttl: Date.parse('2026-03-01T09:30:02Z') / 1000 });
  });

  it('can be overwritten, and forgotten before its time', async () => {
    const { handler } = startAgents({ now: NOW });
    const own = { agentId: 'forgetful', key: 'k' };
    await call(handler, putWorking, { params: own, body: { value: 'old' } });
    await call(handler, putWorking, { params: own, body: { value: 'new' } });
    expect((await call(handler, getWorking, { params: own })).body.value).toBe('new');
    expect((await call(handler, deleteWorking, { params: own })).body).toEqual({ ...own, deletedAt: NOW });
    expect((await call(handler, getWorking, { params: own })).status).toBe(404);
    expect((await call(handler, deleteWorking, { params: own })).status).toBe(404);
  });

  it('never has a version again that it had before it was forgotten', async () => {
    const { handler } = startAgents({ now: NOW });
    const own = { agentId: 'forgetful', key: 'again' };
    await call(handler, putWorking, { params: own, body: { value: 'seen by A' } });
    await call(handler, deleteWorking, { params: own });
    const { body } = await call(handler, putWorking, { params: own, body: { value: 'of C' } });
    expect(body.version).toBe(2);
    const late = await call(handler, putWorking, {
      params: own,
      body: { value: 'of A', expectedVersion: 1 },
    });
    expect(late).toMatchObject({
      status: 409,
      body: { error: { code: 'VersionConflict', currentVersion: 2 } },
    });
    await call(handler, deleteWorking, { params: own });
    const { Item } = await ownDocuments.send(
      new GetCommand({ TableName: tableName('state'), Key: { PK: 'agent:forgetful', SK: 'WORKING#again' } }),
    );
    expect(Item).not.toHaveProperty('json');
    expect(
      (await call(handler, putWorking, { params: own, body: { value: 1, expectedVersion: 0 } })).status,
    ).toBe(200);
  });

  it('holds 100 KB of JSON and not a byte more', async () => {
    const { handler } = startAgents();
    const put = (letters: number) =>
      call(handler, putWorking, {
        params: { agentId: 'big', key: 'k' },
        body: { value: 'x'.repeat(letters) },
      });
    expect((await put(102_398)).status).toBe(200);
    expect((await put(102_399)).body.error).toMatchObject({
      code: 'TooLarge',
      message: 'The value is 102401 bytes as JSON; the limit is 102400',
    });
  });

  it('lists what is live in the order of the keys, page by page', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    const agentId = 'lister';
    for (let i = 0; i < 12; i++)
      await call(handler, putWorking, {
        params: { agentId, key: `k${String(i).padStart(2, '0')}` },
        body: { value: i, ttlSeconds: i % 3 === 0 ? 10 : 100 },
      });
    runtime.advance(10_000);
    const seen: number[] = [];
    let nextToken: string | null = null;
    do {
      const { body } = await call(handler, listWorking, {
        params: { agentId },
        query: { maxResults: '5', ...(nextToken && { nextToken }) },
      });
      seen.push(...body.items.map(({ value }: { value: number }) => value));
      nextToken = body.nextToken;
    } while (nextToken);
    expect(seen).toEqual([1, 2, 4, 5, 7, 8, 10, 11]);
  });

  it('ends a page where one query does, so an answer always fits', async () => {
    const { handler } = startAgents();
    const agentId = 'stuffed';
    const value = 'x'.repeat(102_000);
    for (let i = 0; i < 12; i++)
      await call(handler, putWorking, { params: { agentId, key: `k${i}` }, body: { value } });
    const first = await call(handler, listWorking, { params: { agentId }, query: { maxResults: '100' } });
    expect(first.body.items.length).toBeGreaterThanOrEqual(10);
    expect(first.body.items.length).toBeLessThan(12);
    const rest = await call(handler, listWorking, {
      params: { agentId },
      query: { maxResults: '100', nextToken: first.body.nextToken },
    });
    expect(first.body.items.length + rest.body.items.length).toBe(12);
    expect(rest.body.nextToken).toBeNull();
  });

  it('of one agent does not open to the token of another', async () => {
    const { handler } = startAgents();
    for (const key of ['a', 'b'])
      await call(handler, putWorking, { params: { agentId: 'mine', key }, body: { value: 1 } });
    const { body } = await call(handler, listWorking, {
      params: { agentId: 'mine' },
      query: { maxResults: '1' },
    });
    const other = await call(handler, listWorking, {
      params: { agentId: 'yours' },
      query: { nextToken: body.nextToken },
    });
    expect(other.body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path: 'nextToken' }] });
  });
});

it('a value of up to 1 KB costs 1 write unit, and so does a count, once the agent is noted', async () => {
  const { handler, spent } = startMeasured({ now: NOW });
  const own = { agentId: 'frugal', key: 'k' };
  const body = { value: 'x'.repeat(850) };
  for (let i = 0; i < 2; i++) {
    await call(handler, putWorking, { params: own, body });
    await call(handler, count, { params: own, body: { windowSeconds: 60, limit: 9 } });
  }
  const registration = 2;
  expect(spent).toEqual([registration, 1, 1, 1, 1]);
});

describe('a counter', () => {
  const counted = (agentId: string, key = 'calls') => ({ agentId, key });

  it('counts up in its window and starts over in the next', async () => {
    const { handler, runtime } = startAgents({ now: '2026-03-01T09:30:59.999Z' });
    const input = { params: counted('counting'), body: { windowSeconds: 60, by: 3 } };
    expect((await call(handler, count, input)).body).toEqual({
      agentId: 'counting',
      key: 'calls',
      value: 3,
      allowed: true,
      remaining: null,
      resetsAt: '2026-03-01T09:31:00.000Z',
    });
    expect((await call(handler, count, input)).body.value).toBe(6);
    runtime.advance(1);
    expect((await call(handler, count, input)).body).toMatchObject({
      value: 3,
      resetsAt: '2026-03-01T09:32:00.000Z',
    });
  });

  it('with a limit does not count what would pass it', async () => {
    const { handler } = startAgents({ now: NOW });
    const ask = async (by: number, limit = 5) =>
      (await call(handler, count, { params: counted('limited'), body: { windowSeconds: 60, by, limit } }))
        .body;
    expect(await ask(6)).toMatchObject({ value: 0, allowed: false, remaining: 5 });
    expect(await ask(3)).toMatchObject({ value: 3, allowed: true, remaining: 2 });
    expect(await ask(3)).toMatchObject({ value: 3, allowed: false, remaining: 2 });
    expect(await ask(2)).toMatchObject({ value: 5, allowed: true, remaining: 0 });
    expect(await ask(1)).toMatchObject({ value: 5, allowed: false, remaining: 0 });
    expect(await ask(1, 2)).toMatchObject({ value: 5, allowed: false, remaining: 0 });
  });

  it('counts twenty at once exactly, and lets exactly the limit pass', async () => {
    const { handler } = startAgents({ now: NOW });
    const twenty = (key: string, limit?: number) =>
      Promise.all(
        Array.from({ length: 20 }, () =>
          call(handler, count, {
            params: counted('crowd', key),
            body: { windowSeconds: 3600, ...(limit && { limit }) },
          }),
        ),
      );
    const free = (await twenty('free')).map(({ body }) => body.value);
    expect(free.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    const limited = await twenty('limited', 7);
    expect(limited.filter(({ body }) => body.allowed)).toHaveLength(7);
    expect(Math.max(...limited.map(({ body }) => body.value))).toBe(7);
  });

  it('tells where it stands without counting, and stands at 0 where nothing was counted', async () => {
    const { handler, runtime } = startAgents({ now: '2026-03-01T09:30:59.000Z' });
    const params = counted('read');
    const read = async (query: Record<string, string> = {}) =>
      (await call(handler, getCount, { params, query: { windowSeconds: '60', ...query } })).body;
    const none = {
      ...params,
      value: 0,
      allowed: true,
      remaining: null,
      resetsAt: '2026-03-01T09:31:00.000Z',
    };
    expect(await read()).toEqual(none);
    expect((await call(handler, getAgent, { params: { agentId: 'read' } })).status).toBe(404);
    await call(handler, count, { params, body: { windowSeconds: 60, by: 4, limit: 5 } });
    for (let i = 0; i < 2; i++) expect(await read()).toEqual({ ...none, value: 4 });
    expect(await read({ limit: '5' })).toMatchObject({ value: 4, allowed: true, remaining: 1 });
    expect(await read({ limit: '5', by: '2' })).toMatchObject({ value: 4, allowed: false, remaining: 1 });
    expect(await read({ limit: '3' })).toMatchObject({ value: 4, allowed: false, remaining: 0 });
    expect(await read({ limit: '1000000000000' })).toMatchObject({ remaining: 999_999_999_996 });
    expect(await read({ windowSeconds: '3600' })).toMatchObject({ value: 0 });
    runtime.advance(1000);
    expect(await read({ limit: '5' })).toMatchObject({
      value: 0,
      remaining: 5,
      resetsAt: '2026-03-01T09:32:00.000Z',
    });
  });

  it.each([
    ['windowSeconds', {}],
    ['windowSeconds', { windowSeconds: '86401' }],
    ['windowSeconds', { windowSeconds: '1e1' }],
    ['by', { windowSeconds: '60', by: '0' }],
    ['limit', { windowSeconds: '60', limit: '1000000000001' }],
    ['clientToken', { windowSeconds: '60', clientToken: 'x' }],
  ] as [string, Record<string, string>][])('is not read with a wrong %s', async (path, query) => {
    const { handler } = startAgents();
    const answer = await call(handler, getCount, { params: counted('wrong'), query });
    expect(answer.body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path }] });
  });

  it('of another key, window or agent is another counter', async () => {
    const { handler } = startAgents({ now: NOW });
    const ask = async (agentId: string, key: string, windowSeconds: number) =>
      (await call(handler, count, { params: { agentId, key }, body: { windowSeconds } })).body.value;
    expect(await ask('apart', 'a', 60)).toBe(1);
    expect(await ask('apart', 'b', 60)).toBe(1);
    expect(await ask('apart', 'a', 120)).toBe(1);
    expect(await ask('apart2', 'a', 60)).toBe(1);
    expect(await ask('apart', 'a', 60)).toBe(2);
  });

  it('is collected after its window, not within it', async () => {
    const { handler } = startAgents({ now: NOW });
    await call(handler, count, { params: counted('collected'), body: { windowSeconds: 60 } });
    const { Item } = await ownDocuments.send(
      new GetCommand({
        TableName: tableName('state'),
        Key: { PK: 'agent:collected', SK: `COUNTER#calls#60#${NOW}` },
      }),
    );
    expect(Item).toMatchObject({ count: 1, ttl: Date.parse('2026-03-01T10:31:00Z') / 1000 });
  });

  it('has windows that cover time without gap or overlap', () => {
    const time = fc.integer({ min: 0, max: 4_000_000_000_000 });
    fc.assert(
      fc.property(time, fc.integer({ min: 1, max: 86_400 }), (milliseconds, windowSeconds) => {
        const { start, end } = windowAt(new Date(milliseconds), windowSeconds);
        expect(end.getTime() - start.getTime()).toBe(windowSeconds * 1000);
        expect(start.getTime()).toBeLessThanOrEqual(milliseconds);
        expect(end.getTime()).toBeGreaterThan(milliseconds);
        expect(windowAt(end, windowSeconds).start).toEqual(end);
      }),
    );
  });

  it.each([
    ['windowSeconds', {}],
    ['windowSeconds', { windowSeconds: 86_401 }],
    ['by', { windowSeconds: 60, by: 0 }],
    ['by', { windowSeconds: 60, by: 1.5 }],
    ['limit', { windowSeconds: 60, limit: 0 }],
    ['step', { windowSeconds: 60, step: 1 }],
  ])('refuses a wrong %s', async (path, body) => {
    const { handler } = startAgents();
    const answer = await call(handler, count, { params: counted('wrong'), body });
    expect(answer.body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path }] });
  });
});
