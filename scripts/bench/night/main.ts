/**
 * `npm run bench:night [agents]`: a night of 1,000 agents on DynamoDB Local in which everything goes wrong that may,
 * an audit of what it left, and a sample of agents held against a night in which nothing went wrong.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { WorkerEnvironment } from '../../../lambdas/consolidation/worker.lambda.ts';
import { defaultMemoryCategories } from '../../../lambdas/shared/schema/memory-categories.ts';
import { tables } from '../../../lambdas/shared/schema/tables.ts';
import { readAssembly, type Assembly } from '../../local/assembly.ts';
import { startEmulator } from '../../local/emulator.ts';
import { makeWorkDirectory, synthesize } from '../../local/synthesis.ts';
import { createTable } from '../../local/tables.ts';
import { agentIds, storeAgents } from './agents.ts';

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

/** Before the functions' modules are loaded, which read it. */
function prepareEnvironment(endpoint: string): void {
  const { MAX_RECEIVE_COUNT, MEMORY_CATEGORIES, ...names } = environmentOf('');
  Object.assign(process.env, names, {
    MAX_RECEIVE_COUNT: String(MAX_RECEIVE_COUNT),
    MEMORY_CATEGORIES: JSON.stringify(MEMORY_CATEGORIES),
    ARCHIVE_BUCKET: 'archive',
    WORK_QUEUE_URL: 'https://queue.test/work.fifo',
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    POWERTOOLS_TRACE_ENABLED: 'false',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
  });
}

async function createAllTables(endpoint: string, assembly: Assembly): Promise<void> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ region: 'us-east-1', endpoint, credentials });
  for (const { name, resource } of assembly.tables) {
    // Without its ttl: the emulator collects by the wall clock, and this night is at another time.
    const { TimeToLiveSpecification: _, ...properties } = resource.properties;
    for (const suffix of ['', SUFFIX]) await createTable(client, name + suffix, { ...resource, properties });
  }
  client.destroy();
}

async function nights(agents: readonly string[]): Promise<boolean> {
  const { createRuntime } = await import('../../../lambdas/shared/platform/runtime.ts');
  const { simulateNight } = await import('./simulation.ts');
  const { auditNight, knowledgeOf } = await import('./audit.ts');
  const runtime = (service: string) => ({ ...createRuntime(service), clock: () => new Date(SCHEDULED) });
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

async function main(): Promise<boolean> {
  const directory = makeWorkDirectory();
  const emulator = await startEmulator();
  try {
    prepareEnvironment(emulator.endpoint);
    const assemblyDirectory = join(directory, 'cdk.out');
    await synthesize(assemblyDirectory);
    await createAllTables(emulator.endpoint, readAssembly(assemblyDirectory, emulator.endpoint));
    return await nights(agentIds(Number(process.argv[2] ?? 1000)));
  } finally {
    await emulator.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

main().then(
  (right) => process.exit(right ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`${String((error as Error).stack ?? error)}\n`);
    process.exit(1);
  },
);
