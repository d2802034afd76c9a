/**
 * A night of many agents on DynamoDB Local in which everything goes wrong that may, an audit of what it left, and a
 * sample of agents compared with a night in which nothing went wrong.
 */
import { isDeepStrictEqual } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { WorkerEnvironment } from '../../lambdas/consolidation/worker.lambda.ts';
import { documentOptions } from '../../lambdas/shared/dynamodb/client.ts';
import { defaultMemoryCategories } from '../../lambdas/shared/schema/memory-categories.ts';
import { tables } from '../../lambdas/shared/schema/tables.ts';
import { agentIds, storeAgents } from '../../test/support/night/agents.ts';
import { withServiceTables } from '../shared/service-tables.ts';

const SCHEDULED = '2026-03-01T02:00:00.000Z';
const WORKERS = 5;
const SAMPLE = 25;
const SUFFIX = '-calm';

const print = (text: string) => process.stdout.write(`${text}\n`);

const environmentOf = (suffix: string): WorkerEnvironment => ({
  DECISIONS_TABLE: tables.decisions.name + suffix,
  STATE_TABLE: tables.state.name + suffix,
  MEMORY_TABLE: tables.memory.name + suffix,
  MAX_RECEIVE_COUNT: 3,
  MEMORY_CATEGORIES: defaultMemoryCategories,
});

async function nights(agents: readonly string[]): Promise<boolean> {
  const { createRuntime } = await import('../../lambdas/shared/platform/runtime.ts');
  const { simulateNight } = await import('../../test/support/night/simulation.ts');
  const { auditNight, knowledgeOf } = await import('../../test/support/night/audit.ts');
  const runtime = (service: string) => ({
    ...createRuntime(service),
    // Without the functions' timeouts: on a busy machine the emulator takes its time.
    documents: DynamoDBDocumentClient.from(new DynamoDBClient({}), documentOptions),
    clock: () => new Date(SCHEDULED),
  });
  const reader = runtime('bench');
  const workers = Array.from({ length: WORKERS }, () => runtime('worker'));
  const environment = environmentOf('');
  const calm = environmentOf(SUFFIX);
  const sample = agents.filter((_, i) => i % Math.ceil(agents.length / SAMPLE) === 0);
  await storeAgents(reader.documents, environment, reader.clock, agents);
  await storeAgents(reader.documents, calm, reader.clock, sample);
  const night = { scheduledTime: SCHEDULED, planner: runtime('planner'), workers };

  const began = performance.now();
  const cpu = process.cpuUsage();
  const events = await simulateNight({ ...night, environment, seed: 1 });
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const audit = await auditNight(reader, environment, agents, SCHEDULED);
  const { run, patterns } = audit;
  const wrong = [...audit.wrong];
  await simulateNight({ ...night, environment: calm });
  for (const agentId of sample) {
    const disturbed = await knowledgeOf(reader, environment, agentId);
    const undisturbed = await knowledgeOf(reader, calm, agentId);
    if (!isDeepStrictEqual(disturbed, undisturbed)) wrong.push(`${agentId}: knows something else`);
  }

  print(`${agents.length} agents, ${run.totals.decisions} decisions, ${WORKERS} workers at a time`);
  print(
    `${seconds.toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} CPU s here, the emulator's not counted`,
  );
  for (const [name, count] of Object.entries(events)) print(`  ${name.padEnd(16)} ${count}`);
  print(`consolidated ${run.consolidated}, skipped ${run.skipped}, failed ${run.failed} of ${run.expected}`);
  print(`promoted ${run.totals.promoted}; ${patterns} patterns stored, each with one version`);
  print(`${sample.length} agents compared with an undisturbed night`);
  for (const line of wrong) print(`WRONG ${line}`);
  print(wrong.length === 0 ? 'Every agent was consolidated exactly once in effect.' : 'This is not right.');
  return wrong.length === 0;
}

export const run = ({ agents }: { readonly agents: number }): Promise<boolean> =>
  withServiceTables(async ({ createMore }) => {
    await createMore(SUFFIX);
    return nights(agentIds(agents));
  });
