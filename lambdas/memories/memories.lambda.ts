import { AgentRegistry } from '../agents/agent-registry.ts';
import { archiveEnvironment, archiveStore } from '../archive/archive-location.ts';
import { Archive } from '../archive/archive.ts';
import type { OpenStore } from '../archive/object-store.ts';
import { ErasedMarks } from '../shared/erased-marks.ts';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { createRuntime, type Runtime, openTables } from '../shared/platform/runtime.ts';
import type { MemoryCategories } from '../shared/schema/memory-categories.ts';
import { RunLedger } from '../consolidation/run-ledger.ts';
import { PatternStore } from '../patterns/pattern-store.ts';
import { PromotedPatterns } from '../patterns/promoted-patterns.ts';
import { Sharing } from '../sharing/sharing.ts';
import { AccessCounts } from './access-counts.ts';
import { AgeingWrites } from './ageing/ageing-writes.ts';
import { memoryCategories } from './categories.ts';
import { memoryRoutes } from './contract.ts';
import { typeOfMemory } from './memory.ts';
import { MemoryFeed } from './memory-feed.ts';
import { MemoryIntake } from './memory-intake.ts';
import { MemoryListing } from './memory-listing.ts';
import { MemoryNumbers } from './memory-statistics.ts';
import { MemoryRemoval } from './memory-removal.ts';
import { MemoryRecords } from './memory-records.ts';
import { MemorySharing, SHARED_MEMORIES } from './memory-sharing.ts';
import { MemoryStore } from './memory-store.ts';
import { PatternMemories } from './pattern-memories.ts';
import { CountedSearch } from './counted-search.ts';
import type { Embedder } from './search/embedder.ts';
import { embedderOf, embeddingModel, orUndefined } from './search/embedding.ts';
import { MemorySearch } from './search/memory-search.ts';
import { toHits, toView } from './views.ts';

const environment = {
  AUTH_MODE: authMode,
  MEMORY_TABLE: resourceName,
  STATE_TABLE: resourceName,
  MEMORY_CATEGORIES: memoryCategories,
  EMBEDDING_MODEL: embeddingModel,
  ...archiveEnvironment,
};
export interface MemoriesEnvironment {
  readonly AUTH_MODE: 'iam' | 'none';
  readonly MEMORY_TABLE: string;
  readonly STATE_TABLE: string;
  readonly MEMORY_CATEGORIES: MemoryCategories;
}

export function createMemoriesHandler(
  runtime: Runtime,
  env: MemoriesEnvironment,
  openStore: OpenStore,
  embedder?: Embedder,
) {
  const { clock, randomPart, logger } = runtime;
  const tables = openTables(runtime, env);
  // Without its vector a memory is found by its words all the same.
  const onEmbedderError = (error: Error) => logger.warn('not embedded', { error });
  const { MEMORY_CATEGORIES: categories } = env;
  const registry = new AgentRegistry(tables.state);
  const records = new MemoryRecords(tables.memory);
  const feed = new MemoryFeed(tables.memory, randomPart);
  const store = new MemoryStore(tables.memory, categories, {
    records,
    feed,
    ...(embedder && { embed: orUndefined(embedder, onEmbedderError) }),
  });
  const grants = new Sharing(tables.memory, SHARED_MEMORIES);
  const sharing = new MemorySharing({ store, records, sharing: grants, registry }, categories, clock);
  const removal = new MemoryRemoval(tables.memory, {
    records,
    feed,
    sharing: grants,
    archive: new Archive(openStore, clock),
  });
  const ledger = new RunLedger(tables.state);
  const patterns = new PatternMemories(new PromotedPatterns(new PatternStore(tables.memory), ledger));
  const listing = new MemoryListing({ records, sharing, store, patterns }, categories, clock);
  const intake = new MemoryIntake(store, sharing, registry);
  const erased = new ErasedMarks(tables.state);
  const accesses = new AccessCounts(tables.memory, randomPart, erased);
  const search = new CountedSearch(
    new MemorySearch({
      records,
      feed,
      sharing,
      patterns,
      categories,
      clock,
      onEmbedderError,
      onUnsearched: (agentId, unsearched) =>
        logger.warn('not all memories are searched', { agentId, unsearched }),
      ...(embedder && { embedder }),
    }),
    accesses,
    clock,
  );
  const numbers = new MemoryNumbers(
    { writes: new AgeingWrites(tables.memory), records, feed, accesses },
    clock,
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
    getMemoryStatistics: ({ params }) => numbers.of(params.agentId),
    preloadMemories: async ({ params, body }) => found(await search.preload(params.agentId, body)),
  });
}

const env = readEnvironment(environment);
export const handler = createMemoriesHandler(
  createRuntime('memories'),
  env,
  archiveStore(env),
  embedderOf(env.EMBEDDING_MODEL),
);
