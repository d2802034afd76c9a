import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createTables, tableName } from '../../support/tables.ts';
import { createMemoriesFixture } from './fixture.ts';

const NOW = '2026-03-01T09:00:00.000Z';
const { runtime, save, list, get, update, revisions, share, sharing, register } = createMemoriesFixture({
  now: NOW,
});

beforeAll(() => createTables());

describe('saving', () => {
  it('takes category, importance and text from the type and the content', async () => {
    const { status, body } = await save('saver', {
      memoryType: 'TRADE',
      content: { coin: 'BTC', entry: { price: 62000, side: 'long' } },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      agentId: 'saver',
      memoryType: 'TRADE',
      category: 'trades',
      importance: 0.9,
      text: 'coin BTC\nentry price 62000\nentry side long',
      tags: [],
      pinned: false,
      timesSeen: 1,
      version: 1,
      tier: 'hot',
      form: 'full',
      createdAt: NOW,
      expiresAt: '2026-03-31T09:00:00.000Z',
      result: 'created',
    });
    expect(body.memoryId).toMatch(/^TRADE-[0-9a-f]{32}$/);
    const { result: _, ...stored } = body;
    expect((await get('saver', body.memoryId)).body).toEqual(stored);
  });

  it('keeps everything that was sent', async () => {
    const sent = {
      memoryType: 'INSIGHT',
      category: 'incidents',
      content: { nested: [1, { deep: null }], flag: false },
      text: 'what went wrong on Friday',
      tags: ['ops', 'friday'],
      importance: 0.25,
      metadata: { speaker: 'ana', seq: 3 },
      pinned: true,
      provenance: { sessionId: 's-1', userId: 'u-1', decisionIds: ['A-1'], source: 'postmortem' },
      outcome: { status: 'failure', gain: -0.02 },
    };
    const { body } = await save('keeper', sent);
    expect(body).toMatchObject({ ...sent, expiresAt: null });
    expect((await get('keeper', body.memoryId)).body).toMatchObject({ ...sent, expiresAt: null });
  });

  it('sees the same content again instead of storing it twice, whatever its spacing and order of fields', async () => {
    const first = await save('seer', { content: 'Spreads widen  before\nthe open.' });
    runtime.advance(1000);
    const again = await save('seer', { content: ' Spreads widen before the open.' });
    expect(again.body).toMatchObject({
      memoryId: first.body.memoryId,
      result: 'seen',
      timesSeen: 2,
      version: 1,
    });
    expect(again.body.lastSeenAt > first.body.lastSeenAt).toBe(true);
    const one = await save('seer', { content: { a: 1, b: 2 } });
    expect((await save('seer', { content: { b: 2, a: 1 } })).body.memoryId).toBe(one.body.memoryId);
    expect((await list('seer')).body.items).toHaveLength(2);
    const other = await save('seer', { content: 'Spreads widen before the open.', memoryType: 'RULE' });
    expect(other.body.result).toBe('created');
  });

  it('is whole again when what age has shortened is said again, also when the first answer was lost', async () => {
    const long = {
      content: { note: 'Spreads widen before the open, on Mondays by half.', seen: 3 },
      clientToken: 'aged',
    };
    for (const agentId of ['restored', 'replayed']) {
      const { body } = await save(agentId, long);
      await runtime.documents.send(
        new UpdateCommand({
          TableName: tableName('memory'),
          Key: { PK: `agent:${agentId}#memory#OBSERVATION`, SK: body.memoryId },
          UpdateExpression:
            'SET content = :short, #text = :short, form = :form, version = :two, tier = :cold',
          ExpressionAttributeNames: { '#text': 'text' },
          ExpressionAttributeValues: {
            ':short': 'Spreads widen.',
            ':form': 'summary',
            ':two': 2,
            ':cold': 'cold',
          },
        }),
      );
      const again = await save(agentId, agentId === 'replayed' ? long : { content: long.content });
      expect(again.body).toMatchObject({
        memoryId: body.memoryId,
        form: 'full',
        tier: 'hot',
        content: long.content,
      });
      expect((await get(agentId, body.memoryId)).body).toMatchObject({ content: long.content, version: 3 });
      const kept = await revisions(agentId, body.memoryId);
      expect(kept.body.items).toContainEqual(
        expect.objectContaining({
          version: 2,
          memory: expect.objectContaining({ content: 'Spreads widen.' }),
        }),
      );
    }
  });

  it('stays as it was corrected, also where age has shortened it since and what it said before is said again', async () => {
    const wrong = { content: 'Spreads widen on Tuesdays, by half.', clientToken: 'wrong' };
    const { body } = await save('corrected', wrong);
    const right = { expectedVersion: 1, content: 'Spreads widen on Mondays, by half.' };
    await update('corrected', body.memoryId, right);
    await runtime.documents.send(
      new UpdateCommand({
        TableName: tableName('memory'),
        Key: { PK: 'agent:corrected#memory#OBSERVATION', SK: body.memoryId },
        UpdateExpression: 'SET content = :short, form = :form, version = :three',
        ExpressionAttributeValues: { ':short': 'Spreads widen on Mondays.', ':form': 'summary', ':three': 3 },
      }),
    );
    for (const again of [wrong, { content: wrong.content }])
      expect((await save('corrected', again)).body).toMatchObject({
        memoryId: body.memoryId,
        content: 'Spreads widen on Mondays.',
        form: 'summary',
      });
    const whole = { content: right.content, metadata: { speaker: 'Ada' } };
    expect((await save('corrected', whole)).body).toMatchObject({
      memoryId: body.memoryId,
      form: 'full',
      ...whole,
    });
  });

  it('counts a repeat with the same clientToken once, and refuses another memory with it', async () => {
    const sent = { content: 'once', clientToken: 'token-1' };
    const first = await save('token', sent);
    const again = await save('token', sent);
    expect(again.body).toEqual(first.body);
    const seen = { content: 'once', clientToken: 'token-2' };
    expect((await save('token', seen)).body).toMatchObject({ result: 'seen', timesSeen: 2 });
    expect((await save('token', seen)).body).toMatchObject({ result: 'seen', timesSeen: 2 });
    const other = await save('token', { content: 'another', clientToken: 'token-1' });
    expect(other.body.error.code).toBe('IdempotencyMismatch');
    expect((await list('token')).body.items).toHaveLength(1);
  });

  it('loses no sighting when the same content comes from all sides at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => save('crowd', { content: 'together' })),
    );
    expect(answers.filter(({ body }) => body.result === 'created')).toHaveLength(1);
    expect((await get('crowd', answers[0]!.body.memoryId)).body.timesSeen).toBe(8);
  });

  it('names a category that is not configured, and knows one that only the configuration knows', async () => {
    const bad = await save('cat', { category: 'nonsense' });
    expect(bad.body.error.issues[0]).toMatchObject({
      path: 'category',
      message: expect.stringContaining('nonsense'),
    });
    expect((await save('cat', { category: 'incidents' })).body).toMatchObject({ importance: 0.85 });
  });

  it('refuses a memory that would not fit its row', async () => {
    expect((await save('large', { content: 'x'.repeat(420_000) })).body.error.code).toBe('TooLarge');
  });
});

describe('retention', () => {
  it('hides what has expired from every read, and goes on with it when it is seen again', async () => {
    const { runtime: own, ...api } = createMemoriesFixture({ now: NOW });
    const { body } = await api.save('ager', {
      memoryType: 'OPPORTUNITY',
      content: 'gap on the weekly chart',
    });
    expect(body.expiresAt).toBe('2026-03-04T09:00:00.000Z');
    own.setTime('2026-03-04T08:59:59.999Z');
    expect((await api.get('ager', body.memoryId)).status).toBe(200);
    own.setTime('2026-03-04T09:00:00.000Z');
    expect((await api.get('ager', body.memoryId)).status).toBe(404);
    expect((await api.list('ager')).body.items).toEqual([]);
    expect((await api.update('ager', body.memoryId, { expectedVersion: 1, pinned: true })).status).toBe(404);
    const again = await api.save('ager', { memoryType: 'OPPORTUNITY', content: 'gap on the weekly chart' });
    expect(again.body).toMatchObject({
      memoryId: body.memoryId,
      result: 'seen',
      timesSeen: 2,
      createdAt: NOW,
    });
    expect((await api.get('ager', body.memoryId)).status).toBe(200);
  });
});

describe('changing', () => {
  it('raises the version, keeps every revision readable, newest first and page by page', async () => {
    const { body } = await save('editor', { content: 'draft', metadata: { a: 1 }, tags: ['t'] });
    const id = body.memoryId as string;
    runtime.advance(1000);
    const second = await update('editor', id, { expectedVersion: 1, importance: 0.1, metadata: null });
    expect(second.body).toMatchObject({
      version: 2,
      importance: 0.1,
      tags: ['t'],
      createdAt: body.createdAt,
    });
    expect(second.body.metadata).toBeUndefined();
    expect((await get('editor', id)).body).toEqual(second.body);
    await update('editor', id, { expectedVersion: 2, content: 'final' });
    const { items, nextToken } = (await revisions('editor', id)).body;
    expect(nextToken).toBeNull();
    expect(items.map((item: { version: number }) => item.version)).toEqual([3, 2, 1]);
    expect(items[0]).toMatchObject({ replacedAt: null, memory: { content: 'final', text: 'final' } });
    expect(items[2]).toMatchObject({ memory: { content: 'draft', metadata: { a: 1 }, importance: 0.6 } });
    const walked: number[] = [];
    let token: string | undefined;
    do {
      const page: Awaited<ReturnType<typeof revisions>> = await revisions('editor', id, {
        maxResults: '1',
        ...(token && { nextToken: token }),
      });
      walked.push(...page.body.items.map((item: { version: number }) => item.version));
      token = page.body.nextToken;
    } while (token);
    expect(walked).toEqual([3, 2, 1]);
  });

  it('wants the version it is made on, and takes a repeat of itself for what it is', async () => {
    const { body } = await save('racer', { content: 'v1' });
    const change = { expectedVersion: 1, tags: ['x'] };
    const done = await update('racer', body.memoryId, change);
    expect((await update('racer', body.memoryId, change)).body).toEqual(done.body);
    const late = await update('racer', body.memoryId, { expectedVersion: 1, tags: ['y'] });
    expect(late.body.error).toMatchObject({ code: 'VersionConflict', currentVersion: 2 });
    const both = await Promise.all(
      ['a', 'b'].map((tag) => update('racer', body.memoryId, { expectedVersion: 2, tags: [tag] })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  it('keeps the id: old and new content, saved again, are the same memory seen again', async () => {
    const { body } = await save('corrector', { content: 'The limit is 10.' });
    await update('corrector', body.memoryId, { expectedVersion: 1, content: 'The limit is 20.' });
    for (const content of ['The limit is 20.', 'The limit is 10.'])
      expect((await save('corrector', { content })).body).toMatchObject({
        memoryId: body.memoryId,
        content: 'The limit is 20.',
        result: 'seen',
      });
    expect((await list('corrector')).body.items).toHaveLength(1);
    const other = await save('corrector', { content: 'The limit is 30.' });
    const clash = await update('corrector', body.memoryId, {
      expectedVersion: 2,
      content: 'The limit is 30.',
    });
    expect(clash.body.error).toMatchObject({
      code: 'Conflict',
      message: expect.stringContaining(other.body.memoryId),
    });
  });
});

describe('listing', () => {
  it('shows own memories by type and importance, filtered, in pages that meet', async () => {
    for (const [i, memoryType] of ['TRADE', 'RULE', 'TRADE', 'FAILURE', 'RULE'].entries())
      await save('lister', { memoryType, content: `memory ${i}`, importance: i / 10 });
    const all = (await list('lister')).body;
    expect(all.items.map(({ text }: { text: string }) => text)).toEqual([
      'memory 4',
      'memory 1',
      'memory 2',
      'memory 0',
      'memory 3',
    ]);
    expect(all).toMatchObject({ nextToken: null, consistency: 'eventual' });
    const walked: string[] = [];
    let token: string | undefined;
    do {
      const page: Awaited<ReturnType<typeof list>> = await list('lister', {
        maxResults: '2',
        ...(token && { nextToken: token }),
      });
      walked.push(...page.body.items.map(({ text }: { text: string }) => text));
      token = page.body.nextToken;
    } while (token);
    expect(walked).toEqual(all.items.map(({ text }: { text: string }) => text));
    const only = async (query: Record<string, string>) => (await list('lister', query)).body.items.length;
    expect(await only({ memoryType: 'RULE' })).toBe(2);
    expect(await only({ category: 'failures' })).toBe(1);
    expect(await only({ tier: 'cold' })).toBe(0);
  });
});

describe('sharing', () => {
  it('shows a memory to whom it is shared with, and to nobody else', async () => {
    await register('owner', 'friend', 'stranger');
    const { body } = await save('owner', { content: 'secret', importance: 0.5, sharing: ['friend'] });
    const loud = await save('owner', { content: 'for all', importance: 0.7 });
    expect((await get('friend', body.memoryId, { owner: 'owner' })).body.content).toBe('secret');
    expect((await get('stranger', body.memoryId, { owner: 'owner' })).status).toBe(404);
    expect((await get('friend', body.memoryId)).status).toBe(404);
    await share('owner', loud.body.memoryId, { with: 'all' });
    await save('friend', { content: 'my own' });
    const texts = async (agentId: string, scope: string) =>
      (await list(agentId, { scope })).body.items.map(({ text }: { text: string }) => text);
    expect(await texts('friend', 'shared')).toEqual(['for all', 'secret']);
    expect(await texts('friend', 'all')).toEqual(['my own', 'for all', 'secret']);
    expect(await texts('stranger', 'shared')).toEqual(['for all']);
    expect(await texts('friend', 'own')).toEqual(['my own']);
    const first = (await list('friend', { scope: 'all', maxResults: '1' })).body;
    const second = (await list('friend', { scope: 'all', maxResults: '1', nextToken: first.nextToken })).body;
    expect(second.items[0]).toMatchObject({ text: 'for all', agentId: 'owner' });
  });

  it('ends when the owner ends it, and names who is not there', async () => {
    await register('giver', 'taker');
    const { body } = await save('giver', { content: 'lent' });
    const id = body.memoryId as string;
    expect((await sharing('giver', id)).body).toMatchObject({ with: [], version: 0 });
    const shared = await share('giver', id, { with: ['taker'], expectedVersion: 0 });
    expect(shared.body).toMatchObject({ with: ['taker'], version: 1 });
    expect((await share('giver', id, { with: [], expectedVersion: 0 })).body.error.code).toBe(
      'VersionConflict',
    );
    await share('giver', id, { with: [] });
    expect((await get('taker', id, { owner: 'giver' })).status).toBe(404);
    expect(
      (await list('taker', { scope: 'shared', category: 'market_observations' })).body.items,
    ).not.toContainEqual(expect.objectContaining({ memoryId: id }));
    const unknown = await share('giver', id, { with: ['nobody', 'giver'] });
    expect(unknown.body.error.issues.map(({ path }: { path: string }) => path)).toEqual(['with.0', 'with.1']);
    const early = await save('giver', { content: 'never stored', sharing: ['nobody'] });
    expect(early.body.error.issues[0].path).toBe('sharing.0');
    expect((await list('giver')).body.items).toHaveLength(1);
  });
});
