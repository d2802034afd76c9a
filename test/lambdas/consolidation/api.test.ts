import { beforeAll, describe, expect, it } from '@jest/globals';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { consolidationRoutes } from '../../../lambdas/consolidation/contract.ts';
import { createConsolidationHandler } from '../../../lambdas/consolidation/consolidation.lambda.ts';
import { call, type CallInput, lambdaContext } from '../../support/api.ts';
import { alwaysThrows, faults } from '../../support/faults.ts';
import {
  createTestRuntime,
  createUnrecordedRuntime,
  type TestRuntimeOptions,
} from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createPipeline, logDecisions, plantedRule } from './pipeline.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const { startAgentRun, startRun, listRuns, getRun } = consolidationRoutes;
const NOW = '2026-03-01T02:00:00.000Z';
const ABSENT = 'RUN-01JZZZZZZZZZZZZZZZZZZZZZZZ';

const createHandler = (documents?: TestRuntimeOptions['documents'], invoke = async () => ({})) =>
  createConsolidationHandler(
    createTestRuntime('consolidation', { now: NOW, documents }),
    { AUTH_MODE: 'iam', STATE_TABLE: tableName('state'), PLANNER_FUNCTION_NAME: 'planner' },
    { send: invoke } as unknown as LambdaClient,
  );

const calls: readonly (readonly [keyof typeof consolidationRoutes, CallInput])[] = [
  ['startAgentRun', { params: { agentId: 'known' }, body: {} }],
  ['startRun', { body: {} }],
  ['listRuns', {}],
  ['getRun', { params: { runId: ABSENT } }],
];

beforeAll(async () => {
  await createTables();
  const runtime = createUnrecordedRuntime({ now: NOW });
  await new AgentRegistry(new Table(runtime.documents, tableName('state'), runtime.clock)).noteActivity(
    'known',
  );
});

describe('starting a run', () => {
  it('answers with a run that exists already, before the planner has begun', async () => {
    const handler = createHandler();
    const { body } = await call(handler, startAgentRun, { params: { agentId: 'known' } });
    expect(body).toMatchObject({ status: 'PENDING', trigger: 'agent', agentId: 'known', asOf: NOW });
    const { body: read } = await call(handler, getRun, { params: { runId: body.runId } });
    expect(read).toMatchObject({ runId: body.runId, status: 'PENDING', report: { agents: [] } });
  });

  it('refuses an agent that is not there: 404 in the path, 400 in the body', async () => {
    const handler = createHandler();
    const path = await call(handler, startAgentRun, { params: { agentId: 'nobody' }, body: {} });
    expect(path.body.error.code).toBe('NotFound');
    const { body } = await call(handler, startRun, { body: { agentId: 'nobody' } });
    expect(body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path: 'agentId' }] });
  });

  it.each(['startAgentRun', 'startRun'] as const)('%s refuses an asOf that lies ahead', async (name) => {
    const { body } = await call(createHandler(), consolidationRoutes[name], {
      ...(name === 'startAgentRun' && { params: { agentId: 'known' } }),
      body: { asOf: '2026-03-01T02:06:00Z' },
    });
    expect(body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path: 'asOf' }] });
  });

  it('says so when the planner cannot be called', async () => {
    const throttled = Object.assign(new Error('rate'), { name: 'TooManyRequestsException' });
    const handler = createHandler(undefined, () => Promise.reject(throttled));
    const { body } = await call(handler, startRun, { body: {} });
    expect(body.error.code).toBe('Throttled');
  });

  it.each([
    [startAgentRun, { params: { agentId: 'known' } }],
    [startRun, {}],
  ] as const)('refuses a body over the limit', async (route, input) => {
    const { body } = await call(createHandler(), route, { ...input, rawBody: `"${'x'.repeat(1 << 20)}"` });
    expect(body.error.code).toBe('TooLarge');
  });
});

describe('reading runs', () => {
  it('lists them newest first, page by page', async () => {
    const pipeline = createPipeline({ now: '2026-03-02T00:00:00.000Z' });
    await logDecisions(pipeline.runtimes.api, 'listed', plantedRule(NOW, 10));
    const started: string[] = [];
    for (const minute of ['10', '20', '30']) {
      pipeline.setTime(`2026-03-02T00:${minute}:00.000Z`);
      started.push((await pipeline.run({ agentId: 'listed' })).runId);
    }
    const first = await call(pipeline.api, listRuns, { query: { maxResults: '2' } });
    expect(first.body.items.map(({ runId }: { runId: string }) => runId)).toEqual([started[2], started[1]]);
    const next = await call(pipeline.api, listRuns, {
      query: { maxResults: '2', nextToken: first.body.nextToken },
    });
    expect(next.body.items[0]).toMatchObject({ runId: started[0], status: 'SUCCEEDED' });
  });

  it('reads a run that has not ended for a day as FAILED', async () => {
    const pipeline = createPipeline({ now: '2026-03-03T00:00:00.000Z' });
    const { body } = await call(pipeline.api, startRun, { body: {} });
    await pipeline.planner(pipeline.invocations[0], lambdaContext);
    const read = async () => (await call(pipeline.api, getRun, { params: { runId: body.runId } })).body;
    expect((await read()).status).toBe('RUNNING');
    pipeline.setTime('2026-03-04T00:00:00.000Z');
    expect(await read()).toMatchObject({ status: 'FAILED', finishedAt: '2026-03-04T00:00:00.000Z' });
  });

  it('has no run under an id nobody was given', async () => {
    const { body } = await call(createHandler(), getRun, { params: { runId: ABSENT } });
    expect(body.error.code).toBe('NotFound');
  });

  it.each([
    [listRuns, {}],
    [getRun, { params: { runId: ABSENT } }],
  ] as const)('refuses a token it did not give', async (route, input) => {
    const { body } = await call(createHandler(), route, { ...input, query: { nextToken: 'x' } });
    expect(body.error).toMatchObject({ code: 'ValidationFailed', issues: [{ path: 'nextToken' }] });
  });
});

describe.each(calls)('%s', (name, input) => {
  const route = consolidationRoutes[name];

  it('refuses a caller without an identity', async () => {
    expect((await call(createHandler(), route, { ...input, caller: null })).status).toBe(403);
  });

  it.each(faults)('answers %s without saying what went wrong inside', async (code, error) => {
    const { body } = await call(createHandler(alwaysThrows(error)), route, input);
    expect(body.error.code).toBe(code);
    expect(JSON.stringify(body)).not.toContain('secret');
  });
});
