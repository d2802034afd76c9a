import { beforeAll, describe, expect, it } from '@jest/globals';
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { dyingAfter } from '../../support/faults.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createMemoriesFixture } from './fixture.ts';

const NOW = '2026-03-02T09:00:00.000Z';

beforeAll(() => createTables());

describe('removing', () => {
  it('archives all it was, then takes it from the agent, its history and everybody else', async () => {
    const { save, update, share, remove, get, list, search, register, archive, runtime } =
      createMemoriesFixture({ now: NOW });
    await register('leaver', 'friend');
    const { body } = await save('leaver', { content: 'first wording' });
    const id = body.memoryId as string;
    await update('leaver', id, { expectedVersion: 1, content: 'second wording' });
    await share('leaver', id, { with: ['friend'] });
    await search('leaver', { query: 'wording' });
    expect((await remove('leaver', id)).body).toEqual({ memoryId: id, agentId: 'leaver', removed: true });

    expect((await get('leaver', id)).status).toBe(404);
    expect((await list('leaver')).body.items).toEqual([]);
    expect((await get('friend', id, { owner: 'leaver' })).status).toBe(404);
    expect((await list('friend', { scope: 'shared' })).body.items).toEqual([]);
    expect((await search('leaver', { query: 'wording' })).body.items).toEqual([]);
    const { Count } = await runtime.unrecorded.send(
      new QueryCommand({
        TableName: tableName('memory'),
        KeyConditionExpression: 'PK = :pk',
        ExpressionAttributeValues: { ':pk': `history#leaver#${id}` },
      }),
    );
    expect(Count).toBe(0);
    const { records } = await archive.read({ table: 'memory', agentId: 'leaver', id }, 10);
    expect(records.map(({ version, reason, record }) => [version, reason, record['content']])).toEqual([
      [2, 'deleted', 'second wording'],
      [1, 'deleted', 'first wording'],
    ]);
    expect((await remove('leaver', id)).status).toBe(404);
    expect((await save('leaver', { content: 'second wording' })).body).toMatchObject({
      result: 'created',
      version: 1,
    });
  });

  it('takes along more names than one transaction holds', async () => {
    const { save, update, remove, runtime } = createMemoriesFixture({ now: NOW });
    const { body } = await save('fickle', { content: 'wording 0' });
    for (let version = 1; version <= 100; version++)
      await update('fickle', body.memoryId, { expectedVersion: version, content: `wording ${version}` });
    expect((await remove('fickle', body.memoryId)).status).toBe(200);
    const { Count } = await runtime.unrecorded.send(
      new QueryCommand({
        TableName: tableName('memory'),
        KeyConditionExpression: 'PK = :pk',
        ExpressionAttributeValues: { ':pk': 'agent:fickle#memory#OBSERVATION' },
      }),
    );
    expect(Count).toBe(0);
  });

  it('deletes nothing that is not archived, and finishes when it is asked again, wherever it was killed', async () => {
    const { save, update, revisions, bucket, remove } = createMemoriesFixture({ now: NOW });
    bucket.failure = new Error('S3 is away');
    const { body } = await save('mortal', { content: 'one' });
    const id = body.memoryId as string;
    await update('mortal', id, { expectedVersion: 1, content: 'two' });
    expect((await remove('mortal', id)).status).toBe(500);
    expect((await revisions('mortal', id)).body.items).toHaveLength(2);
    bucket.failure = undefined;
    for (let k = 1; ; k++) {
      const writes = { count: 0 };
      const dying = createMemoriesFixture({ now: NOW, documents: dyingAfter(k, writes) });
      const { status } = await dying.remove('mortal', id);
      if (status === 404) break;
      expect(
        (await dying.archive.read({ table: 'memory', agentId: 'mortal', id }, 10)).records.length,
      ).toBeGreaterThan(0);
      expect(k).toBeLessThan(10);
    }
    expect((await remove('mortal', id)).status).toBe(404);
  });
});
