import { archiveEnvironment, archiveStore } from '../archive/archive-location.ts';
import type { OpenStore } from '../archive/object-store.ts';
import { RunLedger } from '../consolidation/run-ledger.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, type EnvironmentOf, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { memoryCategories } from './categories.ts';
import { composeMemories } from './compose.ts';
import { memoryRoutes } from './contract.ts';
import { typeOfMemory } from './memory.ts';
import type { Embedder } from './search/embedder.ts';
import { embedderOf, embeddingModel } from './search/embedding.ts';
import { toHits, toView } from './views.ts';

const environment = {
  AUTH_MODE: authMode,
  MEMORY_TABLE: resourceName,
  STATE_TABLE: resourceName,
  MEMORY_CATEGORIES: memoryCategories,
};
export type MemoriesEnvironment = EnvironmentOf<typeof environment>;

export function createMemoriesHandler(
  runtime: Runtime,
  env: MemoriesEnvironment,
  openStore: OpenStore,
  embedder?: Embedder,
) {
  const tables = openTables(runtime, env);
  const { MEMORY_CATEGORIES: categories } = env;
  const { store, sharing, patterns, intake, listing, search, removal, statistics } = composeMemories(
    runtime,
    tables,
    { categories, openStore, runs: new RunLedger(tables.state), embedder },
  );
  const view = toView(categories);
  const found = toHits(categories);
  return createHttpHandler(runtime, env.AUTH_MODE, memoryRoutes, {
    saveMemory: async ({ params, body }) => {
      const { memory, result } = await intake.save(params.agentId, body);
      return { ...view(memory), result };
    },
    listMemories: async ({ params, query }) => {
      const page = await listing.list(params.agentId, query);
      return { ...page, items: page.items.map(view) };
    },
    getMemory: async ({ params: { agentId, memoryId }, query: { owner = agentId } }) => {
      const own = () => (typeOfMemory(memoryId) ? store : patterns).get(agentId, memoryId);
      return view(await search.read(owner === agentId ? own() : sharing.read(agentId, owner, memoryId)));
    },
    updateMemory: async ({ params, body: { expectedVersion, ...change } }) =>
      view(await intake.update(params.agentId, params.memoryId, expectedVersion, change)),
    removeMemory: async ({ params: { agentId, memoryId } }) => {
      await removal.remove(agentId, memoryId);
      return { memoryId, agentId, removed: true as const };
    },
    listRevisions: ({ params, query }) => listing.revisions(params.agentId, params.memoryId, query),
    getMemorySharing: ({ params }) => sharing.get(params.agentId, params.memoryId),
    putMemorySharing: ({ params, body }) =>
      sharing.put(params.agentId, params.memoryId, body.with, body.expectedVersion),
    searchMemories: async ({ params, body }) => found((await search.search(params.agentId, [body]))[0]!),
    searchMemoriesBatch: async ({ params, body }) => ({
      results: (await search.search(params.agentId, body.queries)).map(found),
    }),
    getMemoryStatistics: ({ params }) => statistics.forAgent(params.agentId),
    preloadMemories: async ({ params, body }) => found(await search.preload(params.agentId, body)),
  });
}

const env = readEnvironment({
  ...environment,
  EMBEDDING_MODEL: embeddingModel,
  ...archiveEnvironment,
});
export const handler = createMemoriesHandler(
  createRuntime('memories'),
  env,
  archiveStore(env),
  embedderOf(env.EMBEDDING_MODEL),
);
