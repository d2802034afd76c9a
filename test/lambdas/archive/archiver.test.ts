import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createArchiveHandler } from '../../../lambdas/archive/archive.lambda.ts';
import { archiveRoutes } from '../../../lambdas/archive/contract.ts';
import { createDecisionsHandler } from '../../../lambdas/decisions/decisions.lambda.ts';
import { decisionRoutes } from '../../../lambdas/decisions/contract.ts';
import { createSignalsHandler } from '../../../lambdas/signals/signals.lambda.ts';
import { signalRoutes } from '../../../lambdas/signals/contract.ts';
import { call } from '../../support/api.ts';
import { createTestRuntime } from '../../support/runtime.ts';
import type { MemoryBucket } from '../../support/s3.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createSessionsFixture } from '../sessions/fixture.ts';
import { createArchiver, removal, sequenceOf } from './expired.ts';

beforeAll(() => createTables());

const NOW = '2026-03-01T12:00:00.000Z';
const env = {
  AUTH_MODE: 'iam',
  DECISIONS_TABLE: tableName('decisions'),
  STATE_TABLE: tableName('state'),
  SIGNALS_TABLE: tableName('signals'),
} as const;

const readBack = async (bucket: MemoryBucket, agentId: string, query: Record<string, string>) => {
  const store = bucket.store('archive');
  const handler = createArchiveHandler(createTestRuntime('archive'), env, () => Promise.resolve(store));
  return (await call(handler, archiveRoutes.listArchived, { params: { agentId }, query })).body.items;
};

async function logDecision(agentId: string) {
  const decisions = createDecisionsHandler(createTestRuntime('decisions', { now: NOW }), env);
  const { body } = await call(decisions, decisionRoutes.logDecision, {
    params: { agentId },
    body: {
      decisionType: 'SIGNAL_GENERATION',
      context: { trend: 'up', deep: { empty: {} } },
      timestamp: NOW,
    },
  });
  const outcome = { status: 'success', metrics: { gain: 1.5 } };
  const params = { agentId, decisionId: body.decisionId };
  await call(decisions, decisionRoutes.recordOutcome, { params, body: outcome });
  const shown = await call(decisions, decisionRoutes.getDecision, { params });
  const runtime = createTestRuntime('decisions');
  const { Item } = await runtime.unrecorded.send(
    new GetCommand({
      TableName: tableName('decisions'),
      Key: { PK: `agent:${agentId}#decision#SIGNAL_GENERATION`, SK: `${NOW}#${body.decisionId}` },
    }),
  );
  return { decisionId: String(body.decisionId), shown: shown.body, row: Item! };
}

describe('the archiver', () => {
  it('keeps a decision as it was last shown, and only its agent reads it back', async () => {
    const { decisionId, shown, row } = await logDecision('hunter');
    const { bucket, archive } = createArchiver();
    expect(await archive(removal('decisions', row))).toEqual({ batchItemFailures: [] });
    const [item, ...others] = await readBack(bucket, 'hunter', { table: 'decisions', id: decisionId });
    expect(others).toEqual([]);
    expect(item).toMatchObject({
      table: 'decisions',
      kind: 'decision',
      id: decisionId,
      timestamp: NOW,
      version: 1,
      reason: 'expired',
      archivedAt: '2026-06-01T00:00:00.000Z',
    });
    expect(item.record).toEqual(shown);
    expect(await readBack(bucket, 'other', { table: 'decisions', id: decisionId })).toEqual([]);
  });

  it('keeps a delivery for the agent it came from and for the one it went to', async () => {
    const signals = createSignalsHandler(createTestRuntime('signals', { now: NOW }), env);
    const { body } = await call(signals, signalRoutes.publishSignal, {
      params: { agentId: 'sender' },
      body: {
        signalType: 'WHALE_ACTIVITY',
        severity: 'low',
        confidence: 0.5,
        data: { size: 7 },
        targetAgents: ['sender'],
      },
    });
    const { Items } = await createTestRuntime('signals').unrecorded.send(
      new QueryCommand({
        TableName: tableName('signals'),
        KeyConditionExpression: 'PK = :pk',
        ExpressionAttributeValues: { ':pk': 'signal#WHALE_ACTIVITY' },
      }),
    );
    const [toItself] = Items!;
    const toOther = { ...toItself, SK: String(toItself!['SK']).replace(/sender$/, 'target') };
    const { bucket, archive } = createArchiver();
    await archive(removal('signals', toItself!), removal('signals', toOther));
    const query = { table: 'signals', id: body.signalId };
    const sent = await readBack(bucket, 'sender', query);
    expect(sent.map((item: { record: object }) => item.record)).toMatchObject([
      { targetAgent: 'target', data: { size: 7 }, status: 'PENDING' },
      { targetAgent: 'sender' },
    ]);
    expect(await readBack(bucket, 'target', query)).toHaveLength(1);
  });

  it('keeps a session with its messages, read back by its id, and says where something of its user is', async () => {
    const sessions = createSessionsFixture({ now: NOW });
    const sessionId = await sessions.open('talker', { userId: 'user-42', expiresAfterSeconds: 86_400 });
    await sessions.say('talker', sessionId, 'is it up?');
    sessions.runtime.setTime('2026-03-02T00:00:01.000Z');
    await sessions.say('talker', sessionId, 'it is', 'assistant');
    const { Items } = await sessions.runtime.unrecorded.send(
      new QueryCommand({
        TableName: tableName('state'),
        KeyConditionExpression: 'PK = :pk',
        ExpressionAttributeValues: { ':pk': `session:talker#${sessionId}` },
      }),
    );
    const summary = {
      PK: `session:talker#${sessionId}`,
      SK: 'TOP#SUMMARY',
      by: 'a model',
      text: 'It went up.',
      throughSeq: 2,
      updatedAt: NOW,
    };
    const { bucket, archive } = createArchiver();
    await archive(...[...Items!, summary].map((item) => removal('state', item)));
    const read = await readBack(bucket, 'talker', { table: 'state', id: sessionId });
    expect(
      read.map(({ kind, record }: { kind: string; record: Record<string, unknown> }) => [
        kind,
        record['content'] ?? record['text'] ?? record['userId'],
      ]),
    ).toEqual([
      ['message', 'it is'],
      ['summary', 'It went up.'],
      ['message', 'is it up?'],
      ['session', 'user-42'],
    ]);
    expect([...bucket.objects.keys()].filter((key) => key.startsWith('users/'))).toEqual([
      `users/user=user-42/table=state/agent=talker/date=2026-03-01/${sessionId}`,
    ]);
  });

  it('leaves alone what the service itself deleted, and what is not worth keeping', async () => {
    const { row } = await logDecision('self');
    const { bucket, archive } = createArchiver();
    const counter = { PK: 'agent:self', SK: 'COUNTER#calls#60#2026-03-01T00:00:00.000Z', count: 3, ttl: 1 };
    await archive(
      removal('decisions', row, { type: 'User', principalId: 'someone' }),
      { ...removal('decisions', row), userIdentity: undefined },
      { ...removal('decisions', row), eventName: 'MODIFY' },
      removal('state', counter),
      removal('state', { PK: 'session:self#SESSION-1', SK: 'OTHER' }),
      removal('decisions', { PK: 'something', SK: 'else' }),
    );
    expect(bucket.objects.size).toBe(0);
  });

  it('killed after any of its writes, has everything once when the batch comes again', async () => {
    const batch = [
      ...[(await logDecision('early')).row, (await logDecision('late')).row].map((row) =>
        removal('decisions', row),
      ),
      removal('signals', {
        PK: 'signal#NEWS',
        SK: `${NOW}#NEWS-01KJMMA2G00000000000000000#late`,
        sourceAgent: 'early',
        status: 'PENDING',
        ttl: 1,
      }),
      removal('state', {
        PK: 'session:early#SESSION-1',
        SK: 'TOP#HEAD',
        userId: 'user-42',
        createdAt: NOW,
        active: 1,
        lifeMs: 1,
        lastSeq: 0,
      }),
    ];
    const undisturbed = createArchiver();
    await undisturbed.archive(...batch);
    expect(undisturbed.bucket.requests).toHaveLength(6);
    for (let k = 0; k < 6; k++) {
      const { bucket, archive } = createArchiver();
      Object.defineProperty(bucket, 'failure', {
        get: () => (bucket.requests.length >= k ? new Error('killed') : undefined),
        configurable: true,
      });
      await archive(...batch);
      expect(bucket.objects.size).toBe(k);
      Object.defineProperty(bucket, 'failure', { value: undefined });
      expect(await archive(...batch)).toEqual({ batchItemFailures: [] });
      expect(new Map([...bucket.objects].sort())).toEqual(new Map([...undisturbed.bucket.objects].sort()));
    }
  });

  it('asks for a batch again from the first record that is not stored, and doubles nothing when it comes', async () => {
    const rows = [(await logDecision('first')).row, (await logDecision('second')).row];
    const { bucket, archive } = createArchiver();
    const broken = removal('signals', { PK: 'signal#X', SK: 'no delivery' });
    const [one, two] = rows.map((row) => removal('decisions', row));
    expect(await archive(one!, broken, two!)).toEqual({
      batchItemFailures: [{ itemIdentifier: sequenceOf(broken) }],
    });
    expect(bucket.objects.size).toBe(2);
    expect(await archive(broken, two!)).toEqual({
      batchItemFailures: [{ itemIdentifier: sequenceOf(broken) }],
    });
    expect(bucket.objects.size).toBe(2);

    bucket.failure = new Error('no bucket');
    expect(await archive(one!, two!)).toEqual({ batchItemFailures: [{ itemIdentifier: sequenceOf(one!) }] });
    bucket.failure = undefined;
    expect(await archive(one!, two!)).toEqual({ batchItemFailures: [] });
    expect(bucket.objects.size).toBe(2);
    await expect(
      archive({ ...one!, eventSourceARN: 'arn:aws:dynamodb:x:y:table/unknown/stream/z' }),
    ).rejects.toThrow('unknown stream');
  });
});
