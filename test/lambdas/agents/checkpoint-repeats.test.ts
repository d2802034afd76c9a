import { BatchWriteCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { agentRoutes } from '../../../lambdas/agents/contract.ts';
import { snapshotToItems } from '../../../lambdas/agents/state-table.ts';
import { randomPart, typedId } from '../../../lambdas/shared/platform/ids.ts';
import { call } from '../../support/api.ts';
import { dyingAfter, intercept } from '../../support/faults.ts';
import { meteredTransactions } from '../../support/transaction-units.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { ownDocuments, startAgents } from './agents-handler.ts';

const { createCheckpoint, getCheckpoint, putState } = agentRoutes;

beforeAll(() => createTables());

const NOW = '2026-03-01T09:30:00.000Z';

type Handler = ReturnType<typeof startAgents>['handler'];

const put = (handler: Handler, agentId: string, currentCycle = 1) =>
  call(handler, putState, { params: { agentId }, body: { status: 'active', currentCycle } });
const create = (handler: Handler, agentId: string, body: Record<string, unknown>) =>
  call(handler, createCheckpoint, { params: { agentId }, body });

const rowsOf = async (agentId: string, prefix: string) =>
  (
    await ownDocuments.send(
      new QueryCommand({
        TableName: tableName('state'),
        ConsistentRead: true,
        KeyConditionExpression: 'PK = :pk AND begins_with(SK, :prefix)',
        ExpressionAttributeValues: { ':pk': `agent:${agentId}`, ':prefix': prefix },
      }),
    )
  ).Items ?? [];

describe('a checkpoint with a clientToken', () => {
  it('is made once; a repeat gets the first answer though the state is another by then', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    await put(handler, 'once');
    const body = { label: 'vor dem Umbau', clientToken: 'größe 🚀' };
    const first = await create(handler, 'once', body);
    runtime.advance(60_000);
    await put(handler, 'once', 2);
    expect(await create(handler, 'once', body)).toMatchObject({ status: 201, body: first.body });
    expect(await rowsOf('once', 'CHECKPOINT#')).toHaveLength(1);
    const other = await create(handler, 'once', { ...body, clientToken: 'other' });
    expect(other.body).toMatchObject({ stateVersion: 2 });
  });

  it('of another agent is another token', async () => {
    const { handler } = startAgents({ now: NOW });
    const ids = [];
    for (const agentId of ['mine', 'yours']) {
      await put(handler, agentId);
      ids.push((await create(handler, agentId, { clientToken: 't' })).body.checkpointId);
    }
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('with another label is refused', async () => {
    const { handler } = startAgents({ now: NOW });
    await put(handler, 'mismatch');
    await create(handler, 'mismatch', { label: 'a', clientToken: 't' });
    for (const body of [{ label: 'b' }, {}])
      expect((await create(handler, 'mismatch', { ...body, clientToken: 't' })).body.error.code).toBe(
        'IdempotencyMismatch',
      );
    expect(await rowsOf('mismatch', 'CHECKPOINT#')).toHaveLength(1);
  });

  it('is answered though it was pruned by 50 newer ones, and its repeat prunes none', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    await put(handler, 'pruned');
    const first = await create(handler, 'pruned', { clientToken: 't' });
    const newer = Array.from({ length: 52 }, (_, i) => {
      const createdAt = new Date(Date.parse(NOW) + 1000 * (i + 1));
      return Object.values(
        snapshotToItems({
          agentId: 'pruned',
          checkpointId: typedId('CHECKPOINT', createdAt, randomPart()),
          kind: 'checkpoint',
          stateVersion: 1,
          status: 'active',
          createdAt: createdAt.toISOString(),
          state: { status: 'active' },
        }),
      );
    }).flat();
    for (let start = 0; start < newer.length; start += 25)
      await ownDocuments.send(
        new BatchWriteCommand({
          RequestItems: {
            [tableName('state')]: newer.slice(start, start + 25).map((Item) => ({ PutRequest: { Item } })),
          },
        }),
      );
    expect((await create(handler, 'pruned', { clientToken: 't' })).body).toEqual(first.body);
    expect(await rowsOf('pruned', 'CHECKPOINT#')).toHaveLength(53);
    runtime.advance(3_600_000);
    await create(handler, 'pruned', { clientToken: 'next' });
    const { checkpointId } = first.body;
    const read = await call(handler, getCheckpoint, { params: { agentId: 'pruned', checkpointId } });
    expect(read.status).toBe(404);
    expect((await create(handler, 'pruned', { clientToken: 't' })).body).toEqual(first.body);
  });

  it('asked for ten times at once is one', async () => {
    const instances = Array.from({ length: 5 }, () => startAgents({ now: NOW }).handler);
    await put(instances[0]!, 'crowd');
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => create(instances[i % 5]!, 'crowd', { clientToken: 't' })),
    );
    for (const { body } of answers) expect(body).toEqual(answers[0]!.body);
    for (const prefix of ['CHECKPOINT#', 'CHECKPOINT_DATA#', 'TOKEN#'])
      expect(await rowsOf('crowd', prefix)).toHaveLength(1);
  });

  it('asked for at once with two labels is one, and the other is refused', async () => {
    const { handler } = startAgents({ now: NOW });
    await put(handler, 'torn');
    const answers = await Promise.all(
      ['a', 'b', 'a', 'b'].map((label) => create(handler, 'torn', { label, clientToken: 't' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409]);
    expect(await rowsOf('torn', 'CHECKPOINT#')).toHaveLength(1);
  });

  it('after an answer that was lost, at whichever write, is one', async () => {
    for (let k = 1; k <= 3; k++) {
      const agentId = `lost-${k}`;
      await put(startAgents({ now: NOW }).handler, agentId);
      const { handler } = startAgents({ now: NOW, documents: dyingAfter(k, { count: 0 }) });
      await create(handler, agentId, { clientToken: 't' });
      expect((await create(startAgents({ now: NOW }).handler, agentId, { clientToken: 't' })).status).toBe(
        201,
      );
      expect(await rowsOf(agentId, 'CHECKPOINT#')).toHaveLength(1);
    }
  });

  it('sent again below, after the database lost its answer, is one', async () => {
    await put(startAgents({ now: NOW }).handler, 'resent');
    let lost = 0;
    const { handler } = startAgents({
      now: NOW,
      retries: () => true,
      documents: intercept(async (command, pass) => {
        const answer = await pass(command);
        if (command.constructor.name === 'TransactWriteCommand' && lost++ < 2)
          throw Object.assign(new Error('lost'), { name: 'InternalServerError', $fault: 'server' });
        return answer;
      }),
    });
    expect((await create(handler, 'resent', { clientToken: 't' })).status).toBe(201);
    expect(await rowsOf('resent', 'CHECKPOINT#')).toHaveLength(1);
  });

  it('without a state is remembered as nothing', async () => {
    const { handler } = startAgents({ now: NOW });
    expect((await create(handler, 'stateless', { clientToken: 't' })).body.error.code).toBe('Conflict');
    await put(handler, 'stateless');
    expect((await create(handler, 'stateless', { clientToken: 't' })).status).toBe(201);
  });

  it('is known for 90 days, and no longer though the row is still there', async () => {
    const { handler, runtime } = startAgents({ now: NOW });
    await put(handler, 'old');
    const first = await create(handler, 'old', { label: 'a', clientToken: 't' });
    runtime.advance(89 * 86_400_000);
    expect((await create(handler, 'old', { label: 'a', clientToken: 't' })).body).toEqual(first.body);
    runtime.advance(86_400_000);
    const next = await create(handler, 'old', { label: 'b', clientToken: 't' });
    expect(next.body).toMatchObject({ label: 'b' });
    expect(await rowsOf('old', 'TOKEN#')).toHaveLength(1);
  });

  it('whose answer is gone between two looks is told to retry', async () => {
    await put(startAgents({ now: NOW }).handler, 'gone');
    const reason = { Code: 'ConditionalCheckFailed' };
    const cancelled = Object.assign(new Error('cancelled'), {
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'None' }, { Code: 'None' }, reason],
    });
    const { handler } = startAgents({
      now: NOW,
      documents: intercept((command, pass) =>
        command.constructor.name === 'TransactWriteCommand' ? Promise.reject(cancelled) : pass(command),
      ),
    });
    expect((await create(handler, 'gone', { clientToken: 't' })).body.error.code).toBe('Unavailable');
  });
});

it('a token costs 2 write units more, in the same transaction', async () => {
  const units: number[] = [];
  const { handler } = startAgents({ now: NOW, documents: meteredTransactions(units) });
  await put(handler, 'frugal');
  await create(handler, 'frugal', { label: 'x'.repeat(256) });
  await create(handler, 'frugal', { label: 'x'.repeat(256), clientToken: 't' });
  await create(handler, 'frugal', { label: 'x'.repeat(256), clientToken: 't' });
  expect(units).toEqual([4, 6]);
});

it('a checkpoint without a token is a new one each time', async () => {
  const { handler } = startAgents({ now: NOW });
  await put(handler, 'free');
  for (let i = 0; i < 2; i++) await create(handler, 'free', { label: 'same' });
  expect(await rowsOf('free', 'CHECKPOINT#')).toHaveLength(2);
  expect(await rowsOf('free', 'TOKEN#')).toHaveLength(0);
});
