import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { decisionKey } from '../../../lambdas/decisions/table.ts';
import { dyingAfter, intercept, isWrite } from '../../support/faults.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createApi, hoursAgo, NOW } from './support.ts';

beforeAll(() => createTables());

const full = {
  status: 'success',
  qualityScore: 0.75,
  latencyMs: 12,
  errors: ['slow'],
  metrics: { returnPct: 1.4, tiny: 1e-20 },
  trade: { symbol: 'BTC-USD', side: 'long', size: 2, entryPrice: 10, exitPrice: 12, pnl: 4 },
  providers: [{ provider: 'oracle', vote: 'for' }],
  regime: 'bull',
  tags: ['größe', 'x'],
};

describe('the same outcome again', () => {
  const api = createApi();
  const logged = async (agentId: string) =>
    (await api.log(agentId, { timestamp: hoursAgo(3) })).body.decisionId;

  it('is the same revision with the first time of knowing it, from whichever instance', async () => {
    const decisionId = await logged('again');
    const first = await api.outcome('again', decisionId, full);
    expect(first.body.outcomeRevision).toBe(1);
    const later = new Date(Date.parse(NOW) + 60_000).toISOString();
    const cold = createApi({ now: later });
    for (const { outcome } of [cold, cold, api])
      expect((await outcome('again', decisionId, full)).body).toEqual(first.body);
    const stated = await api.outcome('again', decisionId, { ...full, occurredAt: NOW });
    expect(stated.body).toEqual(first.body);
    expect((await api.get('again', decisionId)).body.outcomeRevision).toBe(1);
  });

  it('is another one with another time stated, or any field more, less or other', async () => {
    const decisionId = await logged('other');
    const { tags: _tags, ...fewer } = full;
    let revision = 0;
    for (const outcome of [
      full,
      { ...full, occurredAt: hoursAgo(1) },
      { ...full, occurredAt: hoursAgo(2) },
      fewer,
      full,
      { ...full, tags: ['x', 'größe'] },
      { ...full, metrics: { returnPct: 1.4 } },
      { ...full, status: 'failure' },
      { status: 'failure' },
      { status: 'failure', metrics: {} },
    ]) {
      const { body } = await api.outcome('other', decisionId, outcome);
      expect(body).toMatchObject({ outcomeRevision: ++revision, outcome });
      expect((await api.outcome('other', decisionId, outcome)).body).toEqual(body);
    }
  });

  it('without a time is the one whose time was stated', async () => {
    const decisionId = await logged('stated');
    const first = await api.outcome('stated', decisionId, { ...full, occurredAt: hoursAgo(1) });
    expect((await api.outcome('stated', decisionId, full)).body).toEqual(first.body);
  });

  it('is the one that was logged with the decision', async () => {
    const { body } = await api.log('inline', { timestamp: hoursAgo(3), outcome: full });
    const again = await api.outcome('inline', body.decisionId, full);
    expect(again.body).toMatchObject({ outcomeRevision: 1, outcome: body.outcome });
  });

  it('of a row stored by the version before is found to be the same', async () => {
    const decisionId = await logged('before');
    await api.runtime.unrecorded.send(
      new UpdateCommand({
        TableName: tableName('decisions'),
        Key: decisionKey({ agentId: 'before', decisionId })!,
        UpdateExpression:
          'SET outcome = :outcome, #status = :status, outcomeKey = :key ADD outcomeRevision :two',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: {
          ':outcome': { ...full, occurredAt: hoursAgo(1) },
          ':status': 'success',
          ':key': 'agent:before#success',
          ':two': 2,
        },
      }),
    );
    for (const { outcome } of [api, createApi()])
      expect((await outcome('before', decisionId, full)).body).toMatchObject({
        outcomeRevision: 2,
        outcome: { occurredAt: hoursAgo(1) },
      });
  });

  it('marks no day and registers nobody', async () => {
    const decisionId = await logged('quiet');
    await api.outcome('quiet', decisionId, full);
    const writes: string[] = [];
    const watched = createApi({
      documents: intercept((command, pass) => {
        if (isWrite(command)) writes.push(command.constructor.name);
        return pass(command);
      }),
    });
    await watched.outcome('quiet', decisionId, full);
    expect(writes).toEqual([]);
  });

  it('sent ten times at once by five instances is one revision', async () => {
    const decisionId = await logged('parallel');
    const instances = Array.from({ length: 5 }, () => createApi());
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => instances[i % 5]!.outcome('parallel', decisionId, full)),
    );
    for (const { body } of answers) expect(body).toEqual(answers[0]!.body);
    expect(answers[0]!.body.outcomeRevision).toBe(1);
  });

  it('after an answer that was lost at any write is one revision', async () => {
    for (let k = 1; k <= 4; k++) {
      const agentId = `lost-${k}`;
      const decisionId = await logged(agentId);
      const writes = { count: 0 };
      const dying = createApi({ documents: dyingAfter(k, writes) });
      await dying.outcome(agentId, decisionId, full);
      expect((await api.outcome(agentId, decisionId, full)).body.outcomeRevision).toBe(1);
    }
  });

  it('when the database lost the answer and it was sent again below is one revision', async () => {
    const decisionId = await logged('resent');
    let lost = 0;
    const flaky = createApi({
      retries: () => true,
      documents: intercept(async (command, pass) => {
        const answer = await pass(command);
        if (command.constructor.name === 'UpdateCommand' && lost++ < 5)
          throw Object.assign(new Error('lost'), { name: 'InternalServerError', $fault: 'server' });
        return answer;
      }),
    });
    expect((await flaky.outcome('resent', decisionId, full)).body).toMatchObject({ outcomeRevision: 1 });
  });

  it('of a decision that expired is not found', async () => {
    const decisionId = await logged('expired');
    await api.outcome('expired', decisionId, full);
    const later = new Date(Date.parse(NOW) + 91 * 86_400_000).toISOString();
    expect((await createApi({ now: later }).outcome('expired', decisionId, full)).status).toBe(404);
    const warm = createApi();
    await warm.outcome('expired', decisionId, { ...full, latencyMs: 1 });
    await warm.runtime.unrecorded.send(
      new UpdateCommand({
        TableName: tableName('decisions'),
        Key: decisionKey({ agentId: 'expired', decisionId })!,
        UpdateExpression: 'SET #ttl = :past',
        ExpressionAttributeNames: { '#ttl': 'ttl' },
        ExpressionAttributeValues: { ':past': 1 },
      }),
    );
    expect((await warm.outcome('expired', decisionId, { ...full, latencyMs: 1 })).status).toBe(404);
  });

  it('in a batch answers twice and is recorded once', async () => {
    const decisionId = await logged('batched');
    const rows = [
      { decisionId, ...full },
      { decisionId, ...full },
      { decisionId, status: 'failure' },
    ];
    const send = () =>
      api.call('recordOutcomes', { params: { agentId: 'batched' }, body: { outcomes: rows.slice(0, 2) } });
    const { body } = await send();
    expect(body).toMatchObject({ items: [{ outcomeRevision: 1 }, { outcomeRevision: 1 }], failed: [] });
    expect((await send()).body).toEqual(body);
    const { Item } = await api.runtime.unrecorded.send(
      new GetCommand({
        TableName: tableName('decisions'),
        Key: decisionKey({ agentId: 'batched', decisionId })!,
      }),
    );
    expect(Item).toMatchObject({ outcomeRevision: 1 });
  });
});
