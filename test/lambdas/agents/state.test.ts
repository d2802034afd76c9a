import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  BatchWriteCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  QueryCommand,
  type TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { agentRoutes } from '../../../lambdas/agents/contract.ts';
import { snapshotToItems } from '../../../lambdas/agents/state-table.ts';
import { randomPart, typedId } from '../../../lambdas/shared/platform/ids.ts';
import { call } from '../../support/api.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { ownDocuments, startAgents, startMeasured } from './agents-handler.ts';

const { getAgent, getState, putState, createCheckpoint, listCheckpoints, getCheckpoint, restoreCheckpoint } =
  agentRoutes;

beforeAll(() => createTables());

const NOW = '2026-03-01T09:30:00.000Z';
const full = {
  status: 'learning',
  currentCycle: 12,
  sourceMetrics: { exchangeA: { successRate: 0.93, calls: 410 } },
  contextPerformance: { 'trend=up': { n: 20, wins: 14 } },
  configuration: { maxPositions: 3, enabled: true },
  data: { notes: ['über', '日本', '🚀'], nested: { empty: {}, none: null, list: [] } },
};

describe("an agent's state", () => {
  it('comes back as it was put', async () => {
    const { handler } = startAgents({ now: NOW });
    const params = { agentId: 'hunter' };
    const put = await call(handler, putState, { params, body: full });
    expect(put.body).toEqual({ agentId: 'hunter', ...full, version: 1, updatedAt: NOW });
    expect((await call(handler, getState, { params })).body).toEqual(put.body);
  });

  it('is not found before the first put', async () => {
    const { handler } = startAgents();
    const { body } = await call(handler, getState, { params: { agentId: 'nobody' } });
    expect(body.error.code).toBe('NotFound');
  });

  it('is replaced as a whole: what a put leaves out is gone', async () => {
    const { handler } = startAgents({ now: NOW });
    const params = { agentId: 'replaced' };
    await call(handler, putState, { params, body: full });
    await call(handler, putState, { params, body: { status: 'paused', data: {} } });
    expect((await call(handler, getState, { params })).body).toEqual({
      agentId: 'replaced',
      status: 'paused',
      data: {},
      version: 2,
      updatedAt: NOW,
    });
  });

  it('loses no update among writers that name the version they read', async () => {
    const { handler } = startAgents();
    const params = { agentId: 'shared' };
    await call(handler, putState, { params, body: { status: 'active', data: { writes: 0 } } });
    const addOne = async (): Promise<void> => {
      const { body: state } = await call(handler, getState, { params });
      const answer = await call(handler, putState, {
        params,
        body: { status: 'active', data: { writes: state.data.writes + 1 }, expectedVersion: state.version },
      });
      if (answer.status === 409) return addOne();
    };
    await Promise.all(Array.from({ length: 6 }, addOne));
    const { body } = await call(handler, getState, { params });
    expect(body).toMatchObject({ data: { writes: 6 }, version: 7 });
  });

  it('refused for its version names the current one and registers nobody', async () => {
    const { handler } = startAgents();
    const params = { agentId: 'stranger' };
    const refused = await call(handler, putState, { params, body: { status: 'active', expectedVersion: 4 } });
    expect(refused.body.error).toMatchObject({ code: 'VersionConflict', currentVersion: 0 });
    expect((await call(handler, getAgent, { params })).status).toBe(404);
    expect((await call(handler, putState, { params, body: { ...full, expectedVersion: 0 } })).status).toBe(
      200,
    );
    const again = await call(handler, putState, { params, body: { ...full, expectedVersion: 0 } });
    expect(again.body.error).toMatchObject({ currentVersion: 1 });
  });

  it('too large for an item is refused, naming the size; one that just fits can be checkpointed and restored', async () => {
    const { handler } = startAgents();
    const params = { agentId: 'heavy' };
    const put = (bytes: number) =>
      call(handler, putState, { params, body: { status: 'active', data: { text: 'x'.repeat(bytes) } } });
    expect((await put(410_000)).body.error).toMatchObject({
      code: 'TooLarge',
      message: expect.stringMatching(/^The state is 410\d{3} bytes as stored; the limit is 408576$/),
    });
    expect((await call(handler, getAgent, { params })).status).toBe(404);
    let bytes = 408_576;
    while ((await put(bytes)).status === 413) bytes -= 10;
    expect(bytes).toBeGreaterThan(408_000);
    const label = 'ü'.repeat(256);
    const checkpoint = await call(handler, createCheckpoint, { params, body: { label } });
    expect(checkpoint.status).toBe(201);
    const { checkpointId } = checkpoint.body;
    expect((await call(handler, restoreCheckpoint, { params: { ...params, checkpointId } })).status).toBe(
      200,
    );
  });

  it('needs a known status', async () => {
    const { handler } = startAgents();
    const { body } = await call(handler, putState, { params: { agentId: 'a' }, body: { status: 'ACTIVE' } });
    expect(body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path: 'status' }] });
  });

  it('takes keys that mean something to JavaScript or to an expression', async () => {
    const { handler } = startAgents();
    const params = { agentId: 'keyed' };
    const names = ['toString', 'valueOf', 'toJSON', 'then', 'length', 'prototype', 'hasOwnProperty', 'name'];
    const inner = Object.fromEntries(
      [...names, ':now', '#version', 'SET a', 'a.b', '$x'].map((key) => [key, 'x']),
    );
    const data = { ...inner, inner, list: [inner] };
    await call(handler, putState, { params, body: { status: 'active', data } });
    expect((await call(handler, getState, { params })).body.data).toEqual(data);
    const hostile = await call(handler, putState, {
      params,
      body: { status: 'active', data: { constructor: { name: 'Set' } } },
    });
    expect(hostile.body.error).toMatchObject({ issues: [{ path: 'data.constructor' }] });
  });

  it('takes any free-form map there is', async () => {
    const { handler } = startAgents();
    const params = { agentId: 'free-form' };
    // JSON has no -0, and a few doubles lie outside what DynamoDB stores.
    const storable = fc
      .double({ noNaN: true, noDefaultInfinity: true, min: -1e120, max: 1e120 })
      .map((n) => (Math.abs(n) < 1e-120 ? 0 : n));
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.string({ unit: 'grapheme' }),
        storable,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('any'), { maxLength: 4 }),
        fc.dictionary(fc.string({ minLength: 1 }), tie('any'), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).any;
    const map = fc
      .dictionary(fc.string({ minLength: 1 }), value, { maxKeys: 5, noNullPrototype: true })
      .filter((each) => !/"(__proto__|constructor)":/.test(JSON.stringify(each)));
    await fc.assert(
      fc.asyncProperty(map, async (data) => {
        await call(handler, putState, { params, body: { status: 'active', data } });
        expect((await call(handler, getState, { params })).body.data).toEqual(data);
      }),
      { numRuns: 25 },
    );
  });
});

/** Checkpoints as the service stores them, a second apart, oldest first. */
async function seedCheckpoints(agentId: string, count: number, from: number): Promise<string[]> {
  const items = Array.from({ length: count }, (_, i) => {
    const createdAt = new Date(from + i * 1000);
    const checkpointId = typedId('CHECKPOINT', createdAt, randomPart());
    const state = { status: 'active', data: { text: 'x'.repeat(4000) } } as const;
    return { agentId, checkpointId, kind: 'checkpoint', stateVersion: 1, status: 'active', state } as const;
  });
  const rows = items.flatMap((item) => Object.values(snapshotToItems({ ...item, createdAt: NOW })));
  for (let i = 0; i < rows.length; i += 25)
    await ownDocuments.send(
      new BatchWriteCommand({
        RequestItems: {
          [tableName('state')]: rows.slice(i, i + 25).map((Item) => ({ PutRequest: { Item } })),
        },
      }),
    );
  return items.map(({ checkpointId }) => checkpointId);
}

describe('a checkpoint', () => {
  it('is a copy of the state that later puts do not touch', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    const params = { agentId: 'kept' };
    await call(handler, putState, { params, body: full });
    runtime.advance(1000);
    const { body: checkpoint } = await call(handler, createCheckpoint, {
      params,
      body: { label: 'v1 works' },
    });
    expect(checkpoint).toEqual({
      agentId: 'kept',
      checkpointId: expect.stringMatching(/^CHECKPOINT-[0-9A-Z]{26}$/),
      kind: 'checkpoint',
      label: 'v1 works',
      stateVersion: 1,
      status: 'learning',
      createdAt: '2026-03-01T09:30:01.000Z',
    });
    await call(handler, putState, { params, body: { status: 'error' } });
    const { checkpointId } = checkpoint;
    const read = await call(handler, getCheckpoint, { params: { ...params, checkpointId } });
    expect(read.body).toEqual({ ...checkpoint, state: full });
    expect((await call(handler, listCheckpoints, { params })).body).toEqual({
      items: [checkpoint],
      nextToken: null,
    });
  });

  it('needs a state, takes an empty body, and is not made for a stranger', async () => {
    const { handler } = startAgents();
    const params = { agentId: 'stateless' };
    expect((await call(handler, createCheckpoint, { params })).body.error.code).toBe('Conflict');
    expect((await call(handler, getAgent, { params })).status).toBe(404);
    await call(handler, putState, { params, body: { status: 'active' } });
    const { body } = await call(handler, createCheckpoint, { params });
    expect(body).not.toHaveProperty('label');
  });

  it('belongs to its agent', async () => {
    const { handler } = startAgents();
    await call(handler, putState, { params: { agentId: 'owner' }, body: full });
    const { body } = await call(handler, createCheckpoint, { params: { agentId: 'owner' } });
    const params = { agentId: 'thief', checkpointId: body.checkpointId };
    expect((await call(handler, getCheckpoint, { params })).status).toBe(404);
    expect((await call(handler, restoreCheckpoint, { params })).status).toBe(404);
    for (const checkpointId of ['CURRENT', 'DECISION-01JZZZZZZZZZZZZZZZZZZZZZZZ', 'CHECKPOINT-x'])
      expect((await call(handler, getCheckpoint, { params: { ...params, checkpointId } })).status).toBe(404);
  });

  it('stays among the newest 50; the table holds one more, and nothing of those before', async () => {
    const { handler, runtime, spent } = startMeasured({ now: NOW });
    const params = { agentId: 'saver' };
    await call(handler, putState, { params, body: { status: 'active', data: { text: 'x' } } });
    const made = await seedCheckpoints('saver', 50, Date.parse(NOW) - 60_000);
    for (let i = 0; i < 4; i++) {
      runtime.advance(1000);
      made.push((await call(handler, createCheckpoint, { params })).body.checkpointId);
    }
    const listed: string[] = [];
    const pages: number[] = [];
    let nextToken: string | null = null;
    do {
      const { body } = await call(handler, listCheckpoints, {
        params,
        query: nextToken ? { nextToken } : {},
      });
      listed.push(...body.items.map(({ checkpointId }: { checkpointId: string }) => checkpointId));
      pages.push(body.items.length);
      nextToken = body.nextToken;
    } while (nextToken);
    expect(pages).toEqual([20, 20, 10]);
    // A list reads heads: 50 states of 4 KB would be 50 units.
    expect(spent.at(-1)).toBeLessThanOrEqual(3);
    expect(listed).toEqual(made.slice(-50).reverse());
    const { Count } = await ownDocuments.send(
      new QueryCommand({
        TableName: tableName('state'),
        KeyConditionExpression: 'PK = :pk AND begins_with(SK, :prefix)',
        ExpressionAttributeValues: { ':pk': 'agent:saver', ':prefix': 'CHECKPOINT' },
        Select: 'COUNT',
      }),
    );
    expect(Count).toBe(2 * 51);
  });

  it('refuses the token of another list', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    const params = { agentId: 'pager' };
    await call(handler, putState, { params, body: { status: 'active' } });
    for (let i = 0; i < 2; i++) {
      runtime.advance(1000);
      await call(handler, createCheckpoint, { params });
    }
    const { body } = await call(handler, listCheckpoints, { params, query: { maxResults: '1' } });
    const other = await call(handler, listCheckpoints, {
      params,
      query: { kind: 'backup', nextToken: body.nextToken },
    });
    expect(other.body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path: 'nextToken' }] });
  });
});

describe('a restore', () => {
  const prepare = async (agentId: string) => {
    const { handler, runtime } = startAgents({ now: NOW });
    const params = { agentId };
    await call(handler, putState, { params, body: full });
    const { checkpointId } = (await call(handler, createCheckpoint, { params })).body;
    runtime.advance(1000);
    const later = { status: 'error', data: { reason: 'went wrong' } };
    await call(handler, putState, { params, body: later });
    return { handler, runtime, params, later, restore: { ...params, checkpointId }, checkpointId };
  };

  it('brings the state back under a new version, and keeps what it replaced', async () => {
    const { handler, params, later, restore, checkpointId } = await prepare('restored');
    const { body } = await call(handler, restoreCheckpoint, {
      params: restore,
      body: { expectedVersion: 2 },
    });
    const { backupId, ...state } = body;
    expect(state).toEqual({
      agentId: 'restored',
      ...full,
      version: 3,
      updatedAt: '2026-03-01T09:30:01.000Z',
      restoredFrom: checkpointId,
    });
    expect((await call(handler, getState, { params })).body).toEqual(state);
    const backups = await call(handler, listCheckpoints, { params, query: { kind: 'backup' } });
    expect(backups.body.items).toEqual([
      {
        agentId: 'restored',
        checkpointId: backupId,
        kind: 'backup',
        stateVersion: 2,
        status: 'error',
        createdAt: '2026-03-01T09:30:01.000Z',
      },
    ]);
    expect((await call(handler, listCheckpoints, { params })).body.items).toHaveLength(1);
    const backup = await call(handler, getCheckpoint, { params: { ...params, checkpointId: backupId } });
    expect(backup.body.state).toEqual(later);
  });

  it('is undone by restoring its backup; the next put forgets where the state came from', async () => {
    const { handler, params, later, restore } = await prepare('undone');
    const { backupId } = (await call(handler, restoreCheckpoint, { params: restore })).body;
    await call(handler, restoreCheckpoint, { params: { ...params, checkpointId: backupId } });
    expect((await call(handler, getState, { params })).body).toMatchObject({
      ...later,
      version: 4,
      restoredFrom: backupId,
    });
    const put = await call(handler, putState, { params, body: { status: 'active' } });
    expect(put.body).not.toHaveProperty('restoredFrom');
  });

  it('does nothing when the state is not the expected one', async () => {
    const { handler, params, later, restore } = await prepare('stale');
    const refused = await call(handler, restoreCheckpoint, { params: restore, body: { expectedVersion: 1 } });
    expect(refused.body.error).toMatchObject({ code: 'VersionConflict', currentVersion: 2 });
    expect((await call(handler, getState, { params })).body).toMatchObject(later);
    const backups = await call(handler, listCheckpoints, { params, query: { kind: 'backup' } });
    expect(backups.body.items).toEqual([]);
  });

  it('among puts loses none of the states it replaced', async () => {
    const { handler, params, restore } = await prepare('raced');
    const puts = Array.from({ length: 6 }, (_, i) =>
      call(handler, putState, { params, body: { status: 'active', currentCycle: i } }),
    );
    const restores = Array.from({ length: 3 }, () => call(handler, restoreCheckpoint, { params: restore }));
    const answers = await Promise.all([...puts, ...restores]);
    const done = answers.filter(({ status }) => status === 200);
    // Each write that was answered with 200 took a version of its own, and no version went missing.
    expect(done.map(({ body }) => body.version).sort((a, b) => a - b)).toEqual(done.map((_, i) => i + 3));
    const backups = await call(handler, listCheckpoints, { params, query: { kind: 'backup' } });
    const restored = done.filter(({ body }) => body.backupId);
    expect(
      backups.body.items.map(({ stateVersion }: { stateVersion: number }) => stateVersion).sort(),
    ).toEqual(restored.map(({ body }) => body.version - 1).sort());
  });

  it('tries again when another transaction held the state, but not for ever', async () => {
    const { params, restore } = await prepare('held');
    const held = Object.assign(new Error('cancelled'), {
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'TransactionConflict' }, { Code: 'None' }, { Code: 'None' }],
    });
    const holding = (times: number) => {
      let left = times;
      const documents = (real: DynamoDBDocumentClient) =>
        ({
          send: (command: TransactWriteCommand) =>
            command.constructor.name === 'TransactWriteCommand' && left-- > 0
              ? Promise.reject(held)
              : real.send(command),
        }) as unknown as DynamoDBDocumentClient;
      return startAgents({ documents, retries: () => true }).handler;
    };
    expect((await call(holding(2), restoreCheckpoint, { params: restore })).body).toMatchObject({
      version: 3,
    });
    const given = await call(holding(Infinity), restoreCheckpoint, { params: restore });
    expect(given.body.error.code).toBe('Unavailable');
    expect((await call(holding(0), getState, { params })).body.version).toBe(3);
  });

  it('of an agent whose state is gone is a conflict', async () => {
    const { handler, params, restore } = await prepare('erased');
    await ownDocuments.send(
      new DeleteCommand({ TableName: tableName('state'), Key: { PK: 'agent:erased', SK: 'CURRENT' } }),
    );
    expect((await call(handler, restoreCheckpoint, { params: restore })).body.error.code).toBe('Conflict');
    expect((await call(handler, getState, { params })).status).toBe(404);
  });
});
