import type { LambdaClient } from '@aws-sdk/client-lambda';
import { DeleteCommand, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { consolidationRoutes } from '../../../lambdas/consolidation/contract.ts';
import { createConsolidationHandler } from '../../../lambdas/consolidation/consolidation.lambda.ts';
import { zeroTotals } from '../../../lambdas/consolidation/run.ts';
import { fromRunItem, runKey, toRunItem } from '../../../lambdas/consolidation/table.ts';
import { call, lambdaContext } from '../../support/api.ts';
import { dyingAfter, intercept } from '../../support/faults.ts';
import {
  createTestRuntime,
  createUnrecordedRuntime,
  type TestRuntimeOptions,
} from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { meteredTransactions } from '../../support/transaction-units.ts';
import { createPipeline, logDecisions, partition, plantedRule } from './pipeline.ts';

const { startAgentRun, startRun, listRuns, getRun } = consolidationRoutes;
const NOW = '2026-03-01T02:00:00.000Z';
const MINUTE = 60_000;
const runtime = createUnrecordedRuntime({ now: NOW });
const { documents } = runtime;

beforeAll(() => createTables());

const at = (milliseconds: number): string => new Date(Date.parse(NOW) + milliseconds).toISOString();

/** One instance of the API by itself. */
const instance = (options: TestRuntimeOptions = {}) => {
  const own = createTestRuntime('consolidation', { now: NOW, ...options });
  const invoked: string[] = [];
  const lambda = {
    send: async ({ input }: { input: { Payload: Uint8Array } }) => {
      invoked.push(JSON.parse(Buffer.from(input.Payload).toString()).runId);
      return {};
    },
  } as unknown as LambdaClient;
  const handler = createConsolidationHandler(
    own,
    { AUTH_MODE: 'iam', STATE_TABLE: tableName('state'), PLANNER_FUNCTION_NAME: 'planner' },
    lambda,
  );
  const ask = async (agentId: string, body: Record<string, unknown> = {}) =>
    (await call(handler, startAgentRun, { params: { agentId }, body })).body;
  const order = async (body: Record<string, unknown> = {}) => (await call(handler, startRun, { body })).body;
  return { handler, runtime: own, invoked, ask, order };
};

const register = async (agentId: string): Promise<string> => {
  await logDecisions(runtime, agentId, plantedRule(NOW, 10));
  return agentId;
};

const runsOf = async (agentId: string) => {
  const { handler } = instance();
  const { items } = (await call(handler, listRuns, { query: { maxResults: '100' } })).body;
  return items.filter((run: { agentId?: string }) => run.agentId === agentId);
};

const rowOf = async (runId: string) => {
  const { Item } = await documents.send(
    new GetCommand({ TableName: tableName('state'), Key: runKey(runId), ConsistentRead: true }),
  );
  return Item && fromRunItem(Item);
};

describe('runs that one agent asks for while one waits', () => {
  it('become one, which looks at the newest time asked for', async () => {
    const agentId = await register('joining');
    const { ask, runtime: clock, invoked } = instance();
    const first = await ask(agentId);
    expect(first).toMatchObject({ status: 'PENDING', asOf: NOW });
    for (const minutes of [1, 2]) {
      clock.setTime(at(minutes * MINUTE));
      expect(await ask(agentId)).toEqual({ ...first, asOf: at(minutes * MINUTE) });
    }
    // A clock that is behind does not take back what a newer request asked for.
    clock.setTime(at(MINUTE));
    expect(await ask(agentId)).toEqual({ ...first, asOf: at(2 * MINUTE) });
    expect(await runsOf(agentId)).toHaveLength(1);
    expect(new Set(invoked)).toEqual(new Set([first.runId]));
  });

  it('still do while the run waits in the queue, and its worker looks at the newest', async () => {
    const pipeline = createPipeline({ now: NOW });
    const agentId = 'queued';
    await logDecisions(runtime, agentId, plantedRule(NOW, 10));
    const ask = async () => (await call(pipeline.api, startAgentRun, { params: { agentId }, body: {} })).body;
    const first = await ask();
    for (const invocation of pipeline.invocations.splice(0))
      await pipeline.planner(invocation, lambdaContext);
    expect(pipeline.queue.messages).toHaveLength(1);
    // Known only at the later time.
    await logDecisions(runtime, agentId, [
      ...plantedRule(NOW, 10),
      { context: { late: true }, status: 'success', timestamp: at(30_000), occurredAt: at(40_000) },
    ]);
    pipeline.setTime(at(MINUTE));
    const joined = await ask();
    expect(joined).toMatchObject({ runId: first.runId, status: 'PENDING', asOf: at(MINUTE) });
    expect(pipeline.invocations).toEqual([]);
    await pipeline.drain();
    const { body } = await call(pipeline.api, getRun, { params: { runId: first.runId } });
    expect(body).toMatchObject({
      status: 'SUCCEEDED',
      asOf: at(MINUTE),
      report: { totals: { decisions: 11 } },
    });
    const [last] = (await partition(documents, tableName('state'), `agent:${agentId}`)).filter(
      ({ SK }) => SK === 'LASTRUN',
    );
    expect(last).toMatchObject({ asOf: at(MINUTE) });
  });

  it('but not with a stated asOf: that stays a run of its own', async () => {
    const agentId = await register('stated');
    const { ask, runtime: clock } = instance();
    const first = await ask(agentId);
    const stated = await ask(agentId, { asOf: at(-MINUTE) });
    expect(stated.runId).not.toBe(first.runId);
    clock.setTime(at(MINUTE));
    expect(await ask(agentId)).toMatchObject({ runId: first.runId, asOf: at(MINUTE) });
    expect(await rowOf(stated.runId)).toMatchObject({ asOf: at(-MINUTE) });
    const again = await ask(agentId, { asOf: at(-MINUTE) });
    expect(again.runId).not.toBe(stated.runId);
  });

  it('and not what operators or other agents ask for', async () => {
    const agentId = await register('alone');
    const other = await register('neighbour');
    const { ask, order } = instance();
    const ids = [
      (await ask(agentId)).runId,
      (await ask(other)).runId,
      (await order({ agentId })).runId,
      (await order({ agentId })).runId,
      (await order()).runId,
    ];
    expect(new Set(ids).size).toBe(5);
  });

  it('asked for at once, twenty times at five instances, are one', async () => {
    const agentId = await register('crowd');
    const instances = Array.from({ length: 5 }, (_, i) => instance({ now: at(i) }));
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => instances[i % 5]!.ask(agentId)));
    expect(new Set(answers.map(({ runId }) => runId)).size).toBe(1);
    expect(await runsOf(agentId)).toMatchObject([{ asOf: at(4) }]);
  });

  it('wait together with a planner that could not be called, and call it again', async () => {
    const agentId = await register('unplanned');
    const { ask, invoked } = instance();
    const failing = createConsolidationHandler(
      createTestRuntime('consolidation', { now: NOW }),
      { AUTH_MODE: 'iam', STATE_TABLE: tableName('state'), PLANNER_FUNCTION_NAME: 'planner' },
      { send: () => Promise.reject(new Error('no')) } as unknown as LambdaClient,
    );
    expect((await call(failing, startAgentRun, { params: { agentId }, body: {} })).status).toBe(500);
    const { runId } = await ask(agentId);
    expect(invoked).toEqual([runId]);
    expect(await runsOf(agentId)).toHaveLength(1);
  });
});

describe('a run that does not wait any more', () => {
  it('is not joined: what is asked for while a worker is at it is another run', async () => {
    const agentId = await register('begun');
    const pipelineOf = { asked: undefined as { runId: string } | undefined };
    const { ask } = instance({ now: at(MINUTE) });
    // The agent asks again right after its worker began.
    const pipeline = createPipeline({
      now: NOW,
      workerDocuments: intercept(async (command, pass) => {
        const answer = await pass(command);
        const { Key } = (command as { input: { Key?: { SK?: string } } }).input;
        if (command.constructor.name === 'UpdateCommand' && Key?.SK === 'RUN' && !pipelineOf.asked)
          pipelineOf.asked = await ask(agentId);
        return answer;
      }),
    });
    const { body: first } = await call(pipeline.api, startAgentRun, { params: { agentId }, body: {} });
    await pipeline.drain();
    expect(pipelineOf.asked!.runId).not.toBe(first.runId);
    expect(await rowOf(first.runId)).toMatchObject({ asOf: NOW, consolidated: 1 });
    expect(await rowOf(pipelineOf.asked!.runId)).toMatchObject({ asOf: at(MINUTE), consolidated: 0 });
    // And the next one joins that.
    expect(await instance({ now: at(2 * MINUTE) }).ask(agentId)).toMatchObject({
      runId: pipelineOf.asked!.runId,
    });
  });

  it('begins and is asked for at once: no request is lost', async () => {
    for (let round = 0; round < 8; round++) {
      const agentId = await register(`raced-${round}`);
      const pipeline = createPipeline({ now: NOW });
      await call(pipeline.api, startAgentRun, { params: { agentId }, body: {} });
      for (const invocation of pipeline.invocations.splice(0))
        await pipeline.planner(invocation, lambdaContext);
      const later = instance({ now: at(MINUTE) });
      const [answer] = await Promise.all([later.ask(agentId), pipeline.work()]);
      const row = (await rowOf(answer.runId))!;
      // Either the run that was worked off looked at the time of the request, or another one waits and will.
      expect(row.asOf).toBe(at(MINUTE));
      const looked = (await partition(documents, tableName('state'), `agent:${agentId}`)).find(
        ({ SK }) => SK === 'LASTRUN',
      );
      expect(looked!['asOf']).toBe(row.consolidated === 1 ? at(MINUTE) : NOW);
      expect(answer.asOf).toBe(at(MINUTE));
    }
  });

  it('and is retried, looks at the same time again', async () => {
    const agentId = await register('retried');
    const pipeline = createPipeline({ now: NOW });
    let broken = true;
    const failing = createPipeline({
      now: NOW,
      workerDocuments: intercept((command, pass) =>
        broken && command.constructor.name === 'QueryCommand'
          ? Promise.reject(new Error('broken'))
          : pass(command),
      ),
    });
    const { body: first } = await call(failing.api, startAgentRun, { params: { agentId }, body: {} });
    for (const invocation of failing.invocations.splice(0)) await failing.planner(invocation, lambdaContext);
    const messages = [...failing.queue.messages];
    await failing.work();
    broken = false;
    pipeline.setTime(at(MINUTE));
    const { body: second } = await call(pipeline.api, startAgentRun, { params: { agentId }, body: {} });
    expect(second.runId).not.toBe(first.runId);
    failing.queue.messages.push(...messages);
    await failing.work(2);
    expect(await rowOf(first.runId)).toMatchObject({ asOf: NOW, consolidated: 1 });
  });

  it('as it failed before it began, or waits for long, is not joined', async () => {
    const agentId = await register('dead');
    const broken = createPipeline({
      now: NOW,
      workerDocuments: intercept(() => Promise.reject(new Error('x'))),
    });
    const { body: first } = await call(broken.api, startAgentRun, { params: { agentId }, body: {} });
    await broken.drain();
    expect((await rowOf(first.runId))!.planningAt).toBeUndefined();
    expect((await instance({ now: at(14 * MINUTE) }).ask(agentId)).runId).toBe(first.runId);
    const late = await instance({ now: at(15 * MINUTE) }).ask(agentId);
    expect(late.runId).not.toBe(first.runId);
    expect(await rowOf(first.runId)).toMatchObject({ asOf: at(14 * MINUTE) });
    expect((await instance({ now: at(16 * MINUTE) }).ask(agentId)).runId).toBe(late.runId);
  });

  it('as its row is gone, or was made by the version before, is not joined', async () => {
    const agentId = await register('before');
    const row = {
      runId: 'RUN-01JZZZZZZZZZZZZZZZZZZZZZZY',
      trigger: 'agent' as const,
      agentId,
      asOf: NOW,
      startedAt: NOW,
      consolidated: 0,
      skipped: 0,
      failed: 0,
      totals: zeroTotals,
    };
    await documents.send(new PutCommand({ TableName: tableName('state'), Item: toRunItem(row) }));
    const { ask } = instance({ now: at(1) });
    const first = await ask(agentId);
    expect(first.runId).not.toBe(row.runId);
    await documents.send(new DeleteCommand({ TableName: tableName('state'), Key: runKey(first.runId) }));
    const next = await ask(agentId);
    expect(next).toMatchObject({ status: 'PENDING' });
    expect(next.runId).not.toBe(first.runId);
    expect((await ask(agentId)).runId).toBe(next.runId);
  });
});

describe('a run with a clientToken', () => {
  it('is one, whatever has begun since, and in whichever state it is', async () => {
    const agentId = await register('token');
    const pipeline = createPipeline({ now: NOW });
    const ask = async (body: Record<string, unknown>) =>
      (await call(pipeline.api, startAgentRun, { params: { agentId }, body })).body;
    const first = await ask({ clientToken: 'März 🚀' });
    await pipeline.drain();
    pipeline.setTime(at(3_600_000));
    const again = await ask({ clientToken: 'März 🚀' });
    expect(again).toMatchObject({ runId: first.runId, status: 'SUCCEEDED', asOf: NOW });
    expect(pipeline.invocations).toEqual([]);
    expect((await ask({ clientToken: 'other' })).runId).not.toBe(first.runId);
  });

  it('of one that was joined is that one, also when it has begun', async () => {
    const agentId = await register('joined-token');
    const { ask, runtime: clock } = instance();
    const first = await ask(agentId);
    clock.setTime(at(MINUTE));
    const joined = await ask(agentId, { clientToken: 't' });
    expect(joined).toMatchObject({ runId: first.runId, asOf: at(MINUTE) });
    clock.setTime(at(2 * MINUTE));
    expect(await ask(agentId, { clientToken: 't' })).toEqual(joined);
  });

  it('with another payload is refused', async () => {
    const agentId = await register('mismatch');
    const { ask, order } = instance();
    await ask(agentId, { clientToken: 't' });
    await order({ agentId, clientToken: 't' });
    for (const { error } of [
      await ask(agentId, { clientToken: 't', asOf: NOW }),
      await order({ clientToken: 't' }),
      await order({ agentId, clientToken: 't', asOf: NOW }),
    ])
      expect(error.code).toBe('IdempotencyMismatch');
    const stated = await ask(agentId, { clientToken: 'stated', asOf: NOW });
    expect((await ask(agentId, { clientToken: 'stated', asOf: NOW })).runId).toBe(stated.runId);
  });

  it('of an operator is apart from that of an agent, and one at once', async () => {
    const agentId = await register('operated');
    const instances = Array.from({ length: 4 }, () => instance());
    const own = await instances[0]!.ask(agentId, { clientToken: 't2' });
    for (const body of [{ agentId, clientToken: 't2' }, { clientToken: 't3' }]) {
      const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => instances[i % 4]!.order(body)));
      expect(new Set(answers.map(({ runId }) => runId)).size).toBe(1);
      expect(answers[0].runId).not.toBe(own.runId);
    }
  });

  it('after an answer that was lost, at whichever write, is one', async () => {
    for (const waits of [false, true])
      for (let k = 1; k <= 3; k++) {
        const agentId = await register(`lost-${waits}-${k}`);
        if (waits) await instance().ask(agentId);
        await instance({ documents: dyingAfter(k, { count: 0 }) }).ask(agentId, { clientToken: 't' });
        const again = await instance().ask(agentId, { clientToken: 't' });
        expect((await instance().ask(agentId, { clientToken: 't' })).runId).toBe(again.runId);
        expect(await runsOf(agentId)).toHaveLength(1);
      }
  });

  it('of a run that is gone starts another', async () => {
    const agentId = await register('gone');
    const { order } = instance();
    const first = await order({ agentId, clientToken: 'gone' });
    await documents.send(new DeleteCommand({ TableName: tableName('state'), Key: runKey(first.runId) }));
    const next = await order({ agentId, clientToken: 'gone' });
    expect(next.runId).not.toBe(first.runId);
    expect((await order({ agentId, clientToken: 'gone' })).runId).toBe(next.runId);
  });

  it('and no agent is refused as before, and remembered as nothing', async () => {
    const { ask, order } = instance();
    expect((await ask('nobody', { clientToken: 't' })).error.code).toBe('NotFound');
    expect((await order({ agentId: 'nobody', clientToken: 'nobody' })).error.issues).toMatchObject([
      { path: 'agentId' },
    ]);
    await register('nobody');
    expect((await ask('nobody', { clientToken: 't' })).status).toBe('PENDING');
  });

  it('costs 2 write units more', async () => {
    const agentId = await register('frugal');
    const units: number[] = [];
    const { ask } = instance({ documents: meteredTransactions(units) });
    await ask(agentId);
    await ask(agentId, { clientToken: 't' });
    await ask(agentId, { asOf: NOW, clientToken: 'u' });
    await ask(agentId, { asOf: NOW, clientToken: 'u' });
    // Run, pointer and waiting row; the joined run's token alone; run, pointer and token.
    expect(units).toEqual([6, 2, 6]);
  });

  it('gives up when others are always first, and says so', async () => {
    const agentId = await register('unlucky');
    const cancelled = Object.assign(new Error('cancelled'), {
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }],
    });
    const { ask } = instance({
      documents: intercept((command, pass) =>
        command.constructor.name === 'TransactWriteCommand' ? Promise.reject(cancelled) : pass(command),
      ),
    });
    expect((await ask(agentId)).error.code).toBe('Unavailable');
  });
});
