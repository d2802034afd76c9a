import { lambdaContext } from '../../support/api.ts';
import { describe, expect, it } from '@jest/globals';
import { AgentProfiles } from '../../../lambdas/agents/agent-profiles.ts';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { createPlannerHandler } from '../../../lambdas/consolidation/planner.lambda.ts';
import { RunLedger } from '../../../lambdas/consolidation/run-ledger.ts';
import { scheduledRunId } from '../../../lambdas/consolidation/run-requests.ts';
import { agentIds, storeAgents } from '../../support/night/agents.ts';
import { auditNight, knowledgeOf } from '../../support/night/audit.ts';
import { simulateNight } from '../../support/night/simulation.ts';
import { createTestRuntime, createUnrecordedRuntime } from '../../support/runtime.ts';
import { createTables, tableName } from '../../support/tables.ts';
import { fakeQueue, workerEnvironment } from './pipeline.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const SCHEDULED = '2026-03-01T02:00:00.000Z';
const AGENTS = agentIds(24);
const runtime = createUnrecordedRuntime({ now: SCHEDULED });

/** Another set of the same tables, in the same emulator. */
async function freshTables() {
  const names = ['DECISIONS_TABLE', 'STATE_TABLE', 'MEMORY_TABLE', 'SIGNALS_TABLE'];
  for (const name of names) process.env[name] += '-n';
  await createTables();
  return workerEnvironment();
}

describe('a night of many agents', () => {
  const nightIn = (environment: Awaited<ReturnType<typeof freshTables>>, seed?: number) =>
    simulateNight({
      scheduledTime: SCHEDULED,
      planner: createTestRuntime('planner', { now: SCHEDULED }),
      workers: Array.from({ length: 5 }, () => createTestRuntime('worker', { now: SCHEDULED })),
      environment,
      seed,
    });

  it('consolidates each exactly once in effect, whatever dies, comes twice or is never heard of', async () => {
    const environment = await freshTables();
    await storeAgents(runtime.documents, environment, runtime.clock, AGENTS);
    const events = await nightIn(environment, 2);
    for (const count of Object.values(events)) expect(count).toBeGreaterThan(0);
    const { wrong, run } = await auditNight(runtime, environment, AGENTS, SCHEDULED);
    expect(wrong).toEqual([]);
    expect(run.totals.promoted).toBeGreaterThan(AGENTS.length / 3);

    const sample = AGENTS.filter((_, i) => i % 8 === 0);
    const calm = await freshTables();
    await storeAgents(runtime.documents, calm, runtime.clock, sample);
    const calmEvents = await nightIn(calm);
    expect(calmEvents).toMatchObject({ deliveries: sample.length, killed: 0, redriven: 0 });
    for (const agentId of sample)
      expect(await knowledgeOf(runtime, environment, agentId)).toEqual(
        await knowledgeOf(runtime, calm, agentId),
      );
  });

  it('would not pass the audit with an agent missing or counted twice', async () => {
    const environment = await freshTables();
    const few = AGENTS.slice(0, 4);
    await storeAgents(runtime.documents, environment, runtime.clock, few);
    await nightIn(environment);
    expect((await auditNight(runtime, environment, few, SCHEDULED)).wrong).toEqual([]);
    const withAnother = await auditNight(runtime, environment, AGENTS.slice(0, 5), SCHEDULED);
    expect(withAnother.wrong.map((line) => line.split(':')[0])).toEqual([
      'counters',
      'results',
      'decisions counted',
      'outcomes counted',
      'agent-0004',
    ]);
  });
});

describe('the planner with 1,000 agents', () => {
  it('sends who wrote to the workers and records who never did, each once', async () => {
    await freshTables();
    const registry = new AgentRegistry(new Table(runtime.documents, tableName('state'), runtime.clock));
    const agents = agentIds(1000);
    const wrote = agents.filter((_, i) => i % 5 < 3);
    const profiles = new AgentProfiles(
      new Table(runtime.documents, tableName('state'), runtime.clock),
      registry,
      {
        idleAfterSeconds: 300,
        inactiveAfterSeconds: 3600,
      },
    );
    const writers = new Set(wrote);
    for (let start = 0; start < agents.length; start += 20)
      await Promise.all(
        agents
          .slice(start, start + 20)
          .map(async (agentId) =>
            writers.has(agentId) ? registry.noteActivity(agentId) : profiles.heartbeat(agentId),
          ),
      );
    const queue = fakeQueue();
    const planner = createPlannerHandler(
      createTestRuntime('planner', { now: SCHEDULED }),
      { STATE_TABLE: tableName('state'), WORK_QUEUE_URL: 'https://queue.test/work.fifo' },
      queue.client,
    );
    await planner({ scheduledTime: SCHEDULED }, lambdaContext);
    expect(queue.messages.map(({ group }) => group).sort()).toEqual(wrote);
    const ledger = new RunLedger(new Table(runtime.documents, tableName('state'), runtime.clock));
    expect(await ledger.get(scheduledRunId(SCHEDULED))).toMatchObject({ expected: 1000, skipped: 400 });
  });
});
