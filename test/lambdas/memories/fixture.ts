import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { Archive } from '../../../lambdas/archive/archive.ts';
import { memoryRoutes } from '../../../lambdas/memories/contract.ts';
import { createMemoriesHandler } from '../../../lambdas/memories/memories.lambda.ts';
import type { Embedder } from '../../../lambdas/memories/search/embedder.ts';
import { defaultMemoryCategories } from '../../../lambdas/shared/schema/memory-categories.ts';
import { call, type CallInput } from '../../support/api.ts';
import { createTestRuntime, type TestRuntimeOptions } from '../../support/runtime.ts';
import { MemoryBucket } from '../../support/s3.ts';
import { tableName } from '../../support/tables.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

export const memoriesEnvironment = () => ({
  AUTH_MODE: 'iam' as const,
  MEMORY_TABLE: tableName('memory'),
  STATE_TABLE: tableName('state'),
  MEMORY_CATEGORIES: { ...defaultMemoryCategories, incidents: { retentionDays: 90, importance: 0.85 } },
});

/** The smallest memory there is. */
export const aMemory = { memoryType: 'OBSERVATION', content: 'Funding turned negative.' } as const;

/** The handler under test, a clock to move, and one short call per route. */
export function createMemoriesFixture({
  embedder,
  ...options
}: TestRuntimeOptions & { readonly embedder?: Embedder } = {}) {
  const runtime = createTestRuntime('memories', options);
  const bucket = new MemoryBucket();
  const store = bucket.store('memories');
  const looked = bucket.store();
  const handler = createMemoriesHandler(
    runtime,
    memoriesEnvironment(),
    () => Promise.resolve(store),
    embedder,
  );
  const registry = new AgentRegistry(new Table(runtime.unrecorded, tableName('state'), runtime.clock));
  const on =
    (route: keyof typeof memoryRoutes) =>
    (input: CallInput = {}) =>
      call(handler, memoryRoutes[route], input);
  return {
    runtime,
    handler,
    bucket,
    archive: new Archive(() => Promise.resolve(looked), runtime.clock),
    register: async (...agentIds: string[]) => {
      for (const agentId of agentIds) await registry.noteActivity(agentId);
    },
    save: (agentId: string, body: object = {}) =>
      on('saveMemory')({ params: { agentId }, body: { ...aMemory, ...body } }),
    list: (agentId: string, query: Record<string, string> = {}) =>
      on('listMemories')({ params: { agentId }, query }),
    get: (agentId: string, memoryId: string, query: Record<string, string> = {}) =>
      on('getMemory')({ params: { agentId, memoryId }, query }),
    update: (agentId: string, memoryId: string, body: object) =>
      on('updateMemory')({ params: { agentId, memoryId }, body }),
    remove: (agentId: string, memoryId: string) => on('removeMemory')({ params: { agentId, memoryId } }),
    revisions: (agentId: string, memoryId: string, query: Record<string, string> = {}) =>
      on('listRevisions')({ params: { agentId, memoryId }, query }),
    statistics: (agentId: string) => on('getMemoryStatistics')({ params: { agentId } }),
    search: (agentId: string, body: object) => on('searchMemories')({ params: { agentId }, body }),
    batch: (agentId: string, queries: readonly object[]) =>
      on('searchMemoriesBatch')({ params: { agentId }, body: { queries } }),
    preload: (agentId: string, body: object) => on('preloadMemories')({ params: { agentId }, body }),
    sharing: (agentId: string, memoryId: string) => on('getMemorySharing')({ params: { agentId, memoryId } }),
    share: (agentId: string, memoryId: string, body: object) =>
      on('putMemorySharing')({ params: { agentId, memoryId }, body }),
  };
}
