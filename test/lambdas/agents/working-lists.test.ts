import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { agentRoutes } from '../../../lambdas/agents/contract.ts';
import type { HttpHandler } from '../../../lambdas/shared/http/handler.ts';
import { call } from '../../support/api.ts';
import { intercept } from '../../support/faults.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { ownDocuments, startAgents, startMeasured } from './agents-handler.ts';

const { getAgent, putWorking, getWorking, deleteWorking, listWorking, appendWorking } = agentRoutes;

beforeAll(() => createTables());

const NOW = '2026-03-01T09:30:00.000Z';
const IN_A_DAY = '2026-03-02T09:30:00.000Z';
const of = (agentId: string, key = 'queries') => ({ agentId, key });

const append = (handler: HttpHandler, agentId: string, items: unknown[], more: object = {}) =>
  call(handler, appendWorking, { params: of(agentId), body: { items, ...more } });
const put = (handler: HttpHandler, agentId: string, value: unknown, more: object = {}) =>
  call(handler, putWorking, { params: of(agentId), body: { value, ...more } });
const valueOf = async (handler: HttpHandler, agentId: string) =>
  (await call(handler, getWorking, { params: of(agentId) })).body.value;

/** A row as it was stored before entries had versions. */
const storeOldRow = (agentId: string, value: unknown, expiresAt = IN_A_DAY) =>
  ownDocuments.send(
    new PutCommand({
      TableName: tableName('state'),
      Item: {
        PK: `agent:${agentId}`,
        SK: 'WORKING#queries',
        json: JSON.stringify(value),
        updatedAt: '2026-03-01T09:00:00.000Z',
        expiresAt,
        ttl: Date.parse(expiresAt) / 1000,
      },
    }),
  );

/** Loses the answer to the first write of the entry, after it was done. */
const lossy = () => {
  let lost = false;
  return startAgents({
    now: NOW,
    retries: () => true,
    documents: intercept(async (command, pass) => {
      const answer = await pass(command);
      const { Item, Key } = (command as { input: { Item?: { SK: string }; Key?: { SK: string } } }).input;
      const isWrite = /^(Put|Update)Command$/.test(command.constructor.name);
      if (lost || !isWrite || (Item ?? Key)?.SK !== 'WORKING#queries') return answer;
      lost = true;
      throw Object.assign(new Error('reset'), { name: 'TimeoutError' });
    }),
  }).handler;
};

describe('appending to working memory', () => {
  it('begins a list, and adds at its end; the answer tells the length, not the list', async () => {
    const { handler } = startAgents({ now: NOW });
    const first = await append(handler, 'lister', [{ z: 1, a: null }]);
    expect(first.body).toEqual({
      ...of('lister'),
      version: 1,
      length: 1,
      updatedAt: NOW,
      expiresAt: IN_A_DAY,
    });
    expect((await append(handler, 'lister', ['ü', [2]])).body).toMatchObject({ version: 2, length: 3 });
    const { body } = await call(handler, getWorking, { params: of('lister') });
    expect(JSON.stringify(body.value)).toBe('[{"z":1,"a":null},"ü",[2]]');
    expect((await call(handler, getAgent, { params: { agentId: 'lister' } })).body.type).toBe('unknown');
  });

  it('keeps the end of the list, unless it asks for another', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    await append(handler, 'timed', [1], { ttlSeconds: 60 });
    runtime.advance(30_000);
    expect((await append(handler, 'timed', [2])).body.expiresAt).toBe('2026-03-01T09:31:00.000Z');
    const prolonged = await append(handler, 'timed', [3], { ttlSeconds: 60 });
    expect(prolonged.body.expiresAt).toBe('2026-03-01T09:31:30.000Z');
    runtime.advance(60_000);
    // Over: another list begins, though the row may still be there.
    const anew = await append(handler, 'timed', [4]);
    expect(anew.body).toMatchObject({ length: 1, expiresAt: '2026-03-02T09:31:30.000Z' });
    expect(anew.body.version).toBe(4);
    expect(await valueOf(handler, 'timed')).toEqual([4]);
  });

  it('is refused when the value is no list', async () => {
    const { handler } = startAgents({ now: NOW });
    for (const value of [{ a: 1 }, 'text', null, 0]) {
      await put(handler, 'no-list', value);
      const { status, body } = await append(handler, 'no-list', [1]);
      expect([status, body.error.code]).toEqual([409, 'Conflict']);
      expect(await valueOf(handler, 'no-list')).toEqual(value);
    }
  });

  it('fills 100 KB and not a byte more', async () => {
    const { handler } = startAgents({ now: NOW });
    await put(handler, 'full', ['x'.repeat(102_390)]);
    expect((await append(handler, 'full', ['xxxx'])).body.error).toMatchObject({
      code: 'TooLarge',
      message: 'The value is 102401 bytes as JSON; the limit is 102400',
    });
    expect((await append(handler, 'full', ['xxx'])).body.length).toBe(2);
    expect((await append(handler, 'empty', ['x'.repeat(102_400)])).body.error.code).toBe('TooLarge');
    expect((await call(handler, getWorking, { params: of('empty') })).status).toBe(404);
  });

  it('loses none of forty appends at once, equal ones too, and doubles none', async () => {
    const { handler } = startAgents({ now: NOW });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => append(handler, 'crowd', [i < 20 ? i : 'same'])),
    );
    expect(answers.map(({ body }) => body.length).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
    const value = (await valueOf(handler, 'crowd')) as unknown[];
    expect(value.filter((item) => item === 'same')).toHaveLength(20);
    expect(new Set(value).size).toBe(21);
  });

  it('loses nothing beside puts either', async () => {
    const { handler } = startAgents({ now: NOW });
    await put(handler, 'mixed', []);
    const writes = Array.from({ length: 20 }, (_, i) =>
      i % 4 === 3 ? put(handler, 'mixed', [`put ${i}`]) : append(handler, 'mixed', [i]),
    );
    const versions = (await Promise.all(writes)).map(({ body }) => body.version as number);
    expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 2));
  });

  it('is done once when its answer was lost inside the service', async () => {
    const handler = lossy();
    expect((await append(handler, 'lost', [1])).body).toMatchObject({ version: 1, length: 1 });
    expect(await valueOf(handler, 'lost')).toEqual([1]);
  });

  it.each([
    ['items', {}],
    ['items', { items: [] }],
    ['items', { items: 'x' }],
    ['items', { items: Array.from({ length: 101 }, () => 1) }],
    ['items.0.a.', { items: [{ a: { '': 1 } }] }],
    ['ttlSeconds', { items: [1], ttlSeconds: 86_401 }],
    ['clientToken', { items: [1], clientToken: '' }],
    ['expectedVersion', { items: [1], expectedVersion: -1 }],
    ['value', { items: [1], value: 1 }],
  ])('refuses a wrong %s', async (path, body) => {
    const { handler } = startAgents();
    const answer = await call(handler, appendWorking, { params: of('wrong'), body });
    expect(answer.body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path }] });
  });
});

describe('an append with a token', () => {
  it('that is repeated answers as the first did and adds nothing, also after a put', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    const { body: first } = await append(handler, 'tokens', ['a'], { clientToken: 't-1' });
    runtime.advance(1000);
    await append(handler, 'tokens', ['b'], { clientToken: 't-2', ttlSeconds: 60 });
    expect((await append(handler, 'tokens', ['a'], { clientToken: 't-1' })).body).toEqual(first);
    expect(await valueOf(handler, 'tokens')).toEqual(['a', 'b']);
    await put(handler, 'tokens', ['c']);
    expect((await append(handler, 'tokens', ['a'], { clientToken: 't-1' })).body).toEqual(first);
    expect(await valueOf(handler, 'tokens')).toEqual(['c']);
  });

  it('is not another append under the same token', async () => {
    const { handler } = startAgents({ now: NOW });
    await append(handler, 'reused', ['a'], { clientToken: 't' });
    for (const [items, more] of [
      [['b'], {}],
      [['a'], { ttlSeconds: 60 }],
    ] as const) {
      const { status, body } = await append(handler, 'reused', [...items], { clientToken: 't', ...more });
      expect([status, body.error.code]).toEqual([409, 'IdempotencyMismatch']);
    }
    expect(await valueOf(handler, 'reused')).toEqual(['a']);
  });

  it('is remembered among the last 16, and repeated many times at once is done once', async () => {
    const { handler } = startAgents({ now: NOW });
    for (let i = 0; i < 17; i++) await append(handler, 'many', [i], { clientToken: `t-${i}` });
    expect((await append(handler, 'many', [1], { clientToken: 't-1' })).body.length).toBe(2);
    expect((await append(handler, 'many', [0], { clientToken: 't-0' })).body.length).toBe(18);
    const same = await Promise.all(
      Array.from({ length: 10 }, () => append(handler, 'once', ['x'], { clientToken: 'one' })),
    );
    expect(new Set(same.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(await valueOf(handler, 'once')).toEqual(['x']);
  });

  it('and a version answers the repeat of what was done, though the version has passed', async () => {
    const { handler } = startAgents({ now: NOW });
    const sent = { clientToken: 't', expectedVersion: 0 };
    const { body: first } = await append(handler, 'both', [1], sent);
    await append(handler, 'both', [2]);
    expect((await append(handler, 'both', [1], sent)).body).toEqual(first);
  });
});

describe('the version of an entry', () => {
  it('guards puts, appends and deletes, and is named when it has passed', async () => {
    const { handler } = startAgents({ now: NOW });
    expect((await put(handler, 'guarded', [], { expectedVersion: 0 })).body.version).toBe(1);
    expect((await append(handler, 'guarded', [1], { expectedVersion: 1 })).body.version).toBe(2);
    expect((await put(handler, 'guarded', [2], { expectedVersion: 2 })).body.version).toBe(3);
    const remove = (expectedVersion: number) =>
      call(handler, deleteWorking, {
        params: of('guarded'),
        query: { expectedVersion: String(expectedVersion) },
      });
    for (const expectedVersion of [0, 1, 2, 4]) {
      for (const refused of [
        await put(handler, 'guarded', 'lost', { expectedVersion }),
        await append(handler, 'guarded', ['lost'], { expectedVersion }),
        ...(expectedVersion > 0 ? [await remove(expectedVersion)] : []),
      ])
        expect(refused.body.error).toMatchObject({ code: 'VersionConflict', currentVersion: 3 });
    }
    expect((await call(handler, getWorking, { params: of('guarded') })).body).toMatchObject({
      value: [2],
      version: 3,
    });
    expect((await call(handler, listWorking, { params: { agentId: 'guarded' } })).body.items).toMatchObject([
      { version: 3 },
    ]);
    expect((await remove(3)).status).toBe(200);
    expect((await remove(3)).status).toBe(404);
    const wrong = await call(handler, deleteWorking, {
      params: of('guarded'),
      query: { expectedVersion: '0' },
    });
    expect(wrong.body.error.issues).toMatchObject([{ path: 'expectedVersion' }]);
  });

  it('is 0 where there is nothing, or no more; a refused write registers nobody', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    for (const refused of [
      await put(handler, 'stranger', 1, { expectedVersion: 1 }),
      await append(handler, 'stranger', [1], { expectedVersion: 1 }),
    ])
      expect(refused.body.error).toMatchObject({ code: 'VersionConflict', currentVersion: 0 });
    expect((await call(handler, getAgent, { params: { agentId: 'stranger' } })).status).toBe(404);

    await put(handler, 'over', 1, { ttlSeconds: 1 });
    runtime.advance(1000);
    expect((await put(handler, 'over', 2, { expectedVersion: 1 })).body.error).toMatchObject({
      currentVersion: 0,
    });
    expect((await put(handler, 'over', 2, { expectedVersion: 0 })).status).toBe(200);
    expect((await append(handler, 'over', [1], { expectedVersion: 0 })).body.error.code).toBe(
      'VersionConflict',
    );
  });

  it('lets one of many writers win that expect the same', async () => {
    const { handler } = startAgents({ now: NOW });
    for (const expectedVersion of [0, 1]) {
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => put(handler, 'lock', 'mine', { expectedVersion })),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    }
  });

  it('of a put whose answer was lost inside the service is not a conflict with itself', async () => {
    const { handler } = startAgents({ now: NOW });
    await put(handler, 'echo', 1);
    expect((await put(lossy(), 'echo', 2, { expectedVersion: 1 })).body).toMatchObject({ version: 2 });
    expect((await put(lossy(), 'echo-new', 2, { expectedVersion: 0 })).body).toMatchObject({ version: 1 });
  });
});

describe('an entry stored before there were versions', () => {
  it('is read as version 1, and can be written, appended to and forgotten at it', async () => {
    const { handler } = startAgents({ now: NOW });
    await storeOldRow('old-read', [1]);
    const { body } = await call(handler, getWorking, { params: of('old-read') });
    expect(body).toEqual({
      ...of('old-read'),
      value: [1],
      version: 1,
      updatedAt: '2026-03-01T09:00:00.000Z',
      expiresAt: IN_A_DAY,
    });
    for (const [agentId, write] of [
      ['old-put', () => put(handler, 'old-put', [2])],
      ['old-put-1', () => put(handler, 'old-put-1', [2], { expectedVersion: 1 })],
      ['old-append', () => append(handler, 'old-append', [2])],
      ['old-append-1', () => append(handler, 'old-append-1', [2], { expectedVersion: 1 })],
    ] as const) {
      await storeOldRow(agentId, [1]);
      expect((await write()).body).toMatchObject({ version: 2 });
      expect((await put(handler, agentId, [3])).body).toMatchObject({ version: 3 });
    }
    await storeOldRow('old-delete', [1]);
    const remove = (query: Record<string, string>) =>
      call(handler, deleteWorking, { params: of('old-delete'), query });
    expect((await remove({ expectedVersion: '2' })).body.error).toMatchObject({ currentVersion: 1 });
    expect((await remove({ expectedVersion: '1' })).status).toBe(200);
  });

  it('is a conflict for who expects none, or another; one that is over is no entry', async () => {
    const { handler } = startAgents({ now: NOW });
    await storeOldRow('old-live', [1]);
    for (const expectedVersion of [0, 2])
      expect((await put(handler, 'old-live', 1, { expectedVersion })).body.error).toMatchObject({
        currentVersion: 1,
      });
    await storeOldRow('old-over', [1], '2026-03-01T09:29:00.000Z');
    expect((await put(handler, 'old-over', [], { expectedVersion: 0 })).status).toBe(200);
    await storeOldRow('old-over', [1], '2026-03-01T09:29:00.000Z');
    expect((await append(handler, 'old-over', [2], { expectedVersion: 0 })).body.length).toBe(1);
  });

  it('loses nothing to writers at once', async () => {
    const { handler } = startAgents({ now: NOW });
    await storeOldRow('old-crowd', [0]);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        i % 2 ? append(handler, 'old-crowd', [i]) : put(handler, 'old-crowd', [`put ${i}`]),
      ),
    );
    expect(answers.map(({ body }) => body.version).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 10 }, (_, i) => i + 2),
    );
  });
});

it('an append costs a read and 1 write unit for 1 KB, with its tokens 2; a put with a version 1', async () => {
  const { handler, spent } = startMeasured({ now: NOW });
  await append(handler, 'frugal', ['x'.repeat(300)]);
  spent.length = 0;
  await append(handler, 'frugal', ['y'.repeat(300)]);
  expect(spent).toEqual([1, 1]);
  spent.length = 0;
  await put(handler, 'frugal', 'x'.repeat(700), { expectedVersion: 2 });
  expect(spent).toEqual([1]);
  await put(handler, 'frugal', []);
  for (let i = 0; i < 20; i++) await append(handler, 'frugal', [], { items: [i], clientToken: `token-${i}` });
  const { Item } = await ownDocuments.send(
    new GetCommand({ TableName: tableName('state'), Key: { PK: 'agent:frugal', SK: 'WORKING#queries' } }),
  );
  expect(Item!['appends']).toHaveLength(16);
  spent.length = 0;
  await append(handler, 'frugal', ['x']);
  expect(spent[1]).toBeLessThanOrEqual(4);
});
