import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createTables, tableName } from '../../support/tables.ts';
import { createApi, hoursAgo, NOW } from './support.ts';

beforeAll(() => createTables());

describe('an outcome', () => {
  const api = createApi();

  it('attaches by id any time later and is corrected by the next', async () => {
    const { decisionId } = (await api.log('hunter', { timestamp: hoursAgo(48) })).body;
    const first = await api.outcome('hunter', decisionId, {
      status: 'success',
      qualityScore: 0.8,
      tags: ['x'],
    });
    expect(first.body).toEqual({
      agentId: 'hunter',
      decisionId,
      decisionType: 'RISK_ASSESSMENT',
      timestamp: hoursAgo(48),
      status: 'success',
      outcome: { status: 'success', qualityScore: 0.8, tags: ['x'], occurredAt: NOW },
      outcomeRevision: 1,
    });
    const second = await api.outcome('hunter', decisionId, { status: 'failure', occurredAt: hoursAgo(47) });
    expect(second.body).toMatchObject({ status: 'failure', outcomeRevision: 2 });
    const { body } = await api.get('hunter', decisionId);
    expect(body).toMatchObject({ status: 'failure', outcomeRevision: 2 });
    expect(body.outcome).toEqual({ status: 'failure', occurredAt: hoursAgo(47) });
    const [summary] = (await api.list('hunter', { outcome: 'failure' })).body.items;
    expect(summary).toMatchObject({ decisionId, status: 'failure' });
    expect(summary).not.toHaveProperty('qualityScore');
    expect((await api.list('hunter', { outcome: 'success' })).body.items).toEqual([]);
  });

  it('lies neither before its decision nor ahead', async () => {
    const { decisionId } = (await api.log('hunter', { timestamp: hoursAgo(1) })).body;
    for (const occurredAt of [hoursAgo(2), hoursAgo(-1)]) {
      const { body } = await api.outcome('hunter', decisionId, { status: 'success', occurredAt });
      expect(body.error.issues).toMatchObject([{ path: 'occurredAt' }]);
    }
  });

  it('of a decision stamped a little ahead is known when the decision is, not before', async () => {
    const timestamp = new Date(Date.parse(NOW) + 120_000).toISOString();
    const { decisionId } = (await api.log('hunter', { timestamp })).body;
    const { body } = await api.outcome('hunter', decisionId, { status: 'success' });
    expect(body.outcome.occurredAt).toBe(timestamp);
  });

  it('of nothing is not found, and registers nobody', async () => {
    const missing = 'RISK_ASSESSMENT-01KJMDZV20R6BZ1E7J5C4D8QXT';
    for (const decisionId of [missing, 'nonsense', 'A-B-C'])
      expect((await api.outcome('nobody', decisionId, { status: 'success' })).body.error.code).toBe(
        'NotFound',
      );
    await api.log('somebody');
    expect((await api.outcome('somebody', missing, { status: 'success' })).body.error.code).toBe('NotFound');
    const { Count } = await api.runtime.unrecorded.send(
      new QueryCommand({
        TableName: tableName('state'),
        KeyConditionExpression: 'PK = :pk',
        ExpressionAttributeValues: { ':pk': 'agent:nobody' },
      }),
    );
    expect(Count).toBe(0);
  });

  it('that makes the decision outgrow an item is refused', async () => {
    const { decisionId } = (await api.log('hunter', { context: { text: 'x'.repeat(300_000) } })).body;
    for (const size of [150_000, 450_000]) {
      const { body } = await api.outcome('hunter', decisionId, {
        status: 'success',
        metrics: Object.fromEntries(
          Array.from({ length: size / 1000 }, (_, i) => [String(i).padEnd(1000, 'y'), 1]),
        ),
      });
      expect(body.error.code).toBe('TooLarge');
    }
    expect((await api.get('hunter', decisionId)).body.status).toBe('pending');
  });

  it('from ten writers at once leaves revision ten, in one partition of the outcome index', async () => {
    const { decisionId } = (await api.log('contended')).body;
    const statuses = ['success', 'failure', 'voided'] as const;
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        api.outcome('contended', decisionId, { status: statuses[i % 3], latencyMs: i }),
      ),
    );
    const revisions = answers.map(({ body }) => body.outcomeRevision).sort((a, b) => a - b);
    expect(revisions).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const last = answers.find(({ body }) => body.outcomeRevision === 10)!.body;
    expect((await api.get('contended', decisionId)).body).toMatchObject({
      outcomeRevision: 10,
      status: last.status,
      outcome: last.outcome,
    });
    const lists = await Promise.all(
      ['pending', ...statuses].map((outcome) => api.list('contended', { outcome })),
    );
    expect(lists.flatMap(({ body }) => body.items)).toMatchObject([{ decisionId, status: last.status }]);
  });
});

describe('a batch of outcomes', () => {
  const api = createApi();

  it('records the good rows and says what is wrong with the others', async () => {
    const ids = await Promise.all(
      [1, 2].map(async () => (await api.log('hunter')).body.decisionId as string),
    );
    const { body } = await api.call('recordOutcomes', {
      params: { agentId: 'hunter' },
      body: {
        outcomes: [
          { decisionId: ids[0], status: 'success' },
          { decisionId: ids[1], status: 'great' },
          { decisionId: 'RISK_ASSESSMENT-01KJMDZV20R6BZ1E7J5C4D8QXT', status: 'success' },
          { decisionId: ids[1], status: 'failure', occurredAt: hoursAgo(1) },
          'nonsense',
          { decisionId: ids[1], status: 'voided' },
        ],
      },
    });
    expect(body.items).toMatchObject([
      { decisionId: ids[0], status: 'success' },
      { decisionId: ids[1], status: 'voided' },
    ]);
    expect(body.failed.map(({ index, code }: { index: number; code: string }) => [index, code])).toEqual([
      [1, 'ValidationFailed'],
      [2, 'NotFound'],
      [3, 'ValidationFailed'],
      [4, 'ValidationFailed'],
    ]);
    expect(body.failed[0].message).toMatch(/^status: /);
    expect(body.failed[2].message).toBe('occurredAt: must not lie before the decision');
  });

  it('applies rows of one decision in their order', async () => {
    const { decisionId } = (await api.log('ordered')).body;
    const outcomes = Array.from({ length: 30 }, (_, i) => ({
      decisionId,
      status: i % 2 ? 'success' : 'failure',
      latencyMs: i,
    }));
    const { body } = await api.call('recordOutcomes', { params: { agentId: 'ordered' }, body: { outcomes } });
    expect(body.items.map(({ outcomeRevision }: { outcomeRevision: number }) => outcomeRevision)).toEqual(
      outcomes.map((_, i) => i + 1),
    );
    expect((await api.get('ordered', decisionId)).body.outcome.latencyMs).toBe(29);
  });
});
