import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Pattern } from '../../../lambdas/patterns/pattern.ts';
import { PatternStore } from '../../../lambdas/patterns/pattern-store.ts';
import { createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createMemoriesFixture } from './fixture.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const NOW = '2026-03-02T09:00:00.000Z';
const api = createMemoriesFixture({ now: NOW });
const { documents } = createUnrecordedRuntime();
const store = new PatternStore(new Table(documents, tableName('memory')));
const agentId = 'learner';

const aPattern = (patternId: string, confidence: number, also: Partial<Pattern> = {}): Pattern =>
  ({
    patternId,
    agentId,
    decisionType: 'TRADE_EXECUTION',
    asserts: 'success',
    conditions: [{ path: 'market.trend', op: 'eq', value: 'up' }],
    description: `TRADE_EXECUTION succeeds more often when market.trend is up (${patternId}).`,
    status: 'promoted',
    version: 3,
    n: 30,
    successes: 27,
    rate: 0.9,
    baseline: 0.5,
    confidence,
    statusSince: '2025-01-01T02:00:00.000Z',
    asOf: '2025-01-02T02:00:00.000Z',
    lastSeen: '2025-01-02T01:00:00.000Z',
    ...also,
  }) as Pattern;

type Item = { memoryId: string };
const ids = ({ body }: { body: { items: Item[] } }): string[] => body.items.map(({ memoryId }) => memoryId);

beforeAll(async () => {
  await createTables();
  for (const pattern of [
    aPattern('PATTERN-00000000000000aa', 0.7),
    aPattern('stated-by-a-user', 0.8),
    aPattern('PATTERN-00000000000000bb', 0.9, { status: 'suspect' }),
  ])
    await store.save(pattern);
  await api.save(agentId, { content: 'The trend of the market was up.' });
});

describe('promoted patterns, among the memories', () => {
  it('are found, with reasons, and filtered like any type', async () => {
    const found = async (filters?: object) => ids(await api.search(agentId, { query: 'trend up', filters }));
    expect((await found()).sort()).toEqual([
      expect.stringMatching(/^OBSERVATION-/),
      'PATTERN-00000000000000aa',
      'stated-by-a-user',
    ]);
    expect(await found({ memoryType: 'PATTERN', minConfidence: 0.75 })).toEqual(['stated-by-a-user']);
    expect(await found({ memoryType: 'OBSERVATION' })).toHaveLength(1);
    const [hit] = (await api.search(agentId, { query: 'trend', filters: { memoryType: 'PATTERN' } })).body
      .items;
    expect(hit).toMatchObject({
      category: 'patterns',
      content: { asserts: 'success', n: 30, rate: 0.9, baseline: 0.5 },
      timesSeen: 30,
      expiresAt: null,
      why: { lexical: { rank: expect.any(Number) } },
    });
  });

  it('follow the nights: what is no longer promoted is no longer found', async () => {
    const pattern = aPattern('PATTERN-00000000000000cc', 0.6, { agentId: 'forgetful' });
    await store.save(pattern);
    const found = async () => ids(await api.search('forgetful', { query: 'trend' }));
    expect(await found()).toEqual([pattern.patternId]);
    await store.save({ ...pattern, status: 'retired', version: 4 }, pattern);
    const lastRun = { runId: 'RUN-01JZZZZZZZZZZZZZZZZZZZZZZZ', startedAt: NOW };
    await documents.send(
      new PutCommand({
        TableName: tableName('state'),
        Item: { PK: 'agent:forgetful', SK: 'LASTRUN', ...lastRun },
      }),
    );
    expect(await found()).toEqual([]);
  });

  it('are listed best first, alone and before the other types, in pages that meet', async () => {
    const learned = ['stated-by-a-user', 'PATTERN-00000000000000aa'];
    expect(ids(await api.list(agentId, { memoryType: 'PATTERN' }))).toEqual(learned);
    expect(ids(await api.list(agentId)).slice(0, 2)).toEqual(learned);
    const first = await api.list(agentId, { maxResults: '1' });
    expect(ids(first)).toEqual(learned.slice(0, 1));
    const second = await api.list(agentId, { maxResults: '2', nextToken: first.body.nextToken });
    expect(ids(second)).toEqual([learned[1], expect.stringMatching(/^OBSERVATION-/)]);
  });

  it('are read, and belong to nobody else', async () => {
    for (const id of ['PATTERN-00000000000000aa', 'stated-by-a-user'])
      expect((await api.get(agentId, id)).body).toMatchObject({ memoryId: id, memoryType: 'PATTERN' });
    expect((await api.get(agentId, 'PATTERN-00000000000000bb')).status).toBe(404);
    expect((await api.get('another', 'PATTERN-00000000000000aa', { owner: agentId })).status).toBe(404);
    expect(ids(await api.search('another', { query: 'trend', scope: 'all' }))).toEqual([]);
  });

  it('are changed, shared and removed only as patterns', async () => {
    const id = 'PATTERN-00000000000000aa';
    const before = await store.get(agentId, id);
    for (const answer of [
      await api.update(agentId, id, { expectedVersion: 3, pinned: true }),
      await api.share(agentId, id, { with: [] }),
      await api.revisions(agentId, id),
      await api.remove(agentId, id),
    ])
      expect(answer.status).toBe(404);
    expect(await store.get(agentId, id)).toEqual(before);
  });
});
