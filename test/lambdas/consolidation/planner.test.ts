import { beforeAll, describe, expect, it } from '@jest/globals';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { createPlannerHandler } from '../../../lambdas/consolidation/planner.lambda.ts';
import { Pools } from '../../../lambdas/consolidation/pools.ts';
import { progressOf, zeroTotals } from '../../../lambdas/consolidation/run.ts';
import { RunLedger } from '../../../lambdas/consolidation/run-ledger.ts';
import { nothingNew } from '../../../lambdas/consolidation/plan-run.ts';
import { scheduledRunId } from '../../../lambdas/consolidation/run-requests.ts';
import { lambdaContext } from '../../support/api.ts';
import { intercept } from '../../support/faults.ts';
import { createTestRuntime, createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { createPipeline, fakeQueue, logDecisions, plantedRule, sqsEventOf } from './pipeline.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const NOW = '2026-03-01T02:00:00.000Z';
const AGENTS = Array.from({ length: 13 }, (_, i) => `agent-${i}`);
const runtime = createUnrecordedRuntime({ now: NOW });
const ledger = new RunLedger(new Table(runtime.documents, tableName('state'), runtime.clock));

beforeAll(async () => {
  await createTables();
  const registry = new AgentRegistry(new Table(runtime.documents, tableName('state'), runtime.clock));
  for (const agentId of AGENTS) await registry.noteActivity(agentId);
});

const plannerWith = (queue: ReturnType<typeof fakeQueue>) =>
  createPlannerHandler(
    createTestRuntime('planner', { now: NOW }),
    { STATE_TABLE: tableName('state'), WORK_QUEUE_URL: 'https://queue.test/work.fifo' },
    queue.client,
  );

describe('a run of one agent', () => {
  const run = {
    runId: 'RUN-1',
    trigger: 'agent' as const,
    agentId: 'hunter',
    asOf: NOW,
    startedAt: NOW,
    planningAt: NOW,
    consolidated: 0,
    skipped: 0,
    failed: 0,
    totals: zeroTotals,
  };

  it('ends with its agent, also when its planner was killed before it could say how many it expects', () => {
    expect(progressOf(run, new Date(NOW)).status).toBe('RUNNING');
    expect(progressOf({ ...run, consolidated: 1 }, new Date(NOW)).status).toBe('SUCCEEDED');
    const ofAll = { ...run, agentId: undefined, consolidated: 1 };
    expect(progressOf(ofAll, new Date(NOW)).status).toBe('RUNNING');
  });
});

describe('the planner', () => {
  it('sends every agent once, in its own group, and a schedule that fires twice makes one run', async () => {
    const queue = fakeQueue();
    const planner = plannerWith(queue);
    await planner({ scheduledTime: '2026-03-01T02:00:00Z' }, lambdaContext);
    expect(queue.messages.map(({ group }) => group).sort()).toEqual([...AGENTS].sort());
    expect(new Set(queue.messages.map(({ deduplicationId }) => deduplicationId)).size).toBe(AGENTS.length);
    expect(await ledger.get(scheduledRunId(NOW))).toMatchObject({
      expected: 13,
      trigger: 'schedule',
      asOf: NOW,
    });
    await planner({ scheduledTime: '2026-03-01T02:00:00Z' }, lambdaContext);
    expect(queue.messages).toHaveLength(AGENTS.length);
    expect((await ledger.list(100)).runs.filter(({ trigger }) => trigger === 'schedule')).toHaveLength(1);
  });

  it('killed midway, sends again when it is called again; what was done meanwhile stays counted once', async () => {
    const scheduledTime = '2026-03-01T02:10:00.000Z';
    const runId = scheduledRunId(scheduledTime);
    const dying = fakeQueue(1);
    await expect(plannerWith(dying)({ scheduledTime }, lambdaContext)).rejects.toThrow('killed');
    expect(dying.messages).toHaveLength(10);
    const { worker } = createPipeline({ now: NOW });
    await worker(sqsEventOf(dying.messages.slice(0, 4)), lambdaContext);
    expect((await ledger.get(runId))!.expected).toBeUndefined();

    const queue = fakeQueue();
    await plannerWith(queue)({ scheduledTime }, lambdaContext);
    expect(queue.messages).toHaveLength(13 - 4);
    for (const message of queue.messages) await worker(sqsEventOf([message]), lambdaContext);
    for (const message of dying.messages) await worker(sqsEventOf([message]), lambdaContext);
    expect(await ledger.get(runId)).toMatchObject({ expected: 13, consolidated: 13, skipped: 0, failed: 0 });
  });

  it('skips who has nothing new and nothing that ages, and works on who has', async () => {
    const pipeline = createPipeline({ now: '2026-03-02T02:00:00.000Z' });
    await logDecisions(pipeline.runtimes.api, 'agent-0', plantedRule(NOW));
    const first = await pipeline.run({});
    expect(first).toMatchObject({ status: 'SUCCEEDED', progress: { expected: 13, consolidated: 13 } });
    // agent-0 wrote within the hour and has a live pattern; nobody else has anything
    pipeline.setTime('2026-03-03T02:00:00.000Z');
    const second = await pipeline.run({});
    expect(second.progress).toEqual({ expected: 13, consolidated: 1, skipped: 12, failed: 0 });
    const results = second.report.agents.map(({ agentId, result }: { agentId: string; result: string }) => [
      agentId,
      result,
    ]);
    expect(results).toContainEqual(['agent-0', 'CONSOLIDATED']);
    expect(results).toContainEqual(['agent-1', 'SKIPPED']);
  });

  it('works on one agent when one is named, however idle it is', async () => {
    const pipeline = createPipeline({ now: '2026-03-04T02:00:00.000Z' });
    const run = await pipeline.run({ agentId: 'agent-5' });
    expect(run).toMatchObject({ status: 'SUCCEEDED', progress: { expected: 1, consolidated: 1 } });
  });

  it('refuses what is no event of its own', async () => {
    await expect(plannerWith(fakeQueue())({}, lambdaContext)).rejects.toThrow();
  });
});

describe('the pools of a run', () => {
  it('are the types of at least two agents, and work when any of them wrote', () => {
    const pools = new Pools();
    for (const [agentType, activeHour] of [
      ['scout', undefined],
      ['scout', '2026-02-28T22'],
      ['scout', '2026-02-28T20'],
      ['unknown', '2026-02-28T20'],
      ['unknown', '2026-02-28T20'],
      ['trader', '2026-02-28T20'],
      ['idle', undefined],
      ['idle', undefined],
    ] as const)
      pools.add({ agentType, activeHour });
    expect(pools.shared()).toEqual([
      { agentId: 'type:scout', activeHour: '2026-02-28T22' },
      { agentId: 'type:idle' },
    ]);
    expect(pools.single()).toEqual([{ agentId: 'type:trader', activeHour: '2026-02-28T20' }]);
  });
});

describe('whether there is nothing new', () => {
  const lastRun = { runId: 'R', asOf: NOW, startedAt: NOW, livePatterns: 0 };

  it.each([
    ['an agent that never wrote', undefined, undefined, true],
    ['one that never was consolidated', '2026-02-28T00', undefined, false],
    ['one that wrote hours before its last run', '2026-02-28T23', lastRun, true],
    [
      'one whose hour ended within the slack before it',
      '2026-03-01T00',
      { ...lastRun, startedAt: '2026-03-01T01:05:00.000Z' },
      false,
    ],
    ['one that wrote in the hour of its last run', '2026-03-01T02', lastRun, false],
    ['one with a pattern that may age', '2026-02-28T20', { ...lastRun, livePatterns: 1 }, false],
    [
      'one whose last run looked at the past',
      '2026-02-28T20',
      { ...lastRun, asOf: '2026-02-01T00:00:00.000Z' },
      false,
    ],
  ] as const)('%s', (_name, activeHour, last, expected) => {
    expect(nothingNew(activeHour, last)).toBe(expected);
  });
});

describe('agents that finish at the same time', () => {
  it('try again when their transactions meet, and are counted', async () => {
    let meetings = 0;
    const conflict = Object.assign(new Error('conflict'), {
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'None' }, { Code: 'TransactionConflict' }],
    });
    const contended = createTestRuntime('worker', {
      now: NOW,
      documents: intercept((command, pass) =>
        command.constructor.name === 'TransactWriteCommand' && meetings++ < 3
          ? Promise.reject(conflict)
          : pass(command),
      ),
    });
    const runId = 'RUN-01JZZZZZZZZZZZZZZZZZZZZZZX';
    await ledger.create({ runId, trigger: 'operator', asOf: NOW });
    const busy = new RunLedger(new Table(contended.documents, tableName('state'), contended.clock));
    const result = { agentId: 'agent-1', result: 'CONSOLIDATED', finishedAt: NOW } as const;
    expect(await busy.record(runId, result)).toBe(true);
    expect(meetings).toBe(4);
    expect(await busy.record(runId, result)).toBe(false);
    expect((await ledger.get(runId))!.consolidated).toBe(1);
  });

  it('are all counted', async () => {
    const runId = 'RUN-01JZZZZZZZZZZZZZZZZZZZZZZZ';
    await ledger.create({ runId, trigger: 'operator', asOf: NOW });
    await Promise.all(
      AGENTS.map((agentId) => ledger.record(runId, { agentId, result: 'CONSOLIDATED', finishedAt: NOW })),
    );
    expect((await ledger.get(runId))!.consolidated).toBe(13);
  });
});
