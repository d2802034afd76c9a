import { AgentRegistry } from '../agents/agent-registry.ts';
import { Archive } from '../archive/archive.ts';
import type { OpenStore } from '../archive/object-store.ts';
import { PatternStore } from '../patterns/pattern-store.ts';
import { type LastRuns, PromotedPatterns } from '../patterns/promoted-patterns.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import { ErasedMarks } from '../shared/erased-marks.ts';
import type { RandomPart } from '../shared/platform/ids.ts';
import type { Runtime } from '../shared/platform/runtime.ts';
import type { MemoryCategories } from '../shared/schema/memory-categories.ts';
import { Sharing } from '../sharing/sharing.ts';
import { AccessCounts } from './access-counts.ts';
import { AgentAgeing } from './ageing/agent-ageing.ts';
import { AgeingWrites } from './ageing/ageing-writes.ts';
import { defaultAgeingSettings } from './ageing/settings.ts';
import { CountedSearch } from './counted-search.ts';
import { MemoryFeed } from './memory-feed.ts';
import { MemoryIntake } from './memory-intake.ts';
import { MemoryListing } from './memory-listing.ts';
import { MemoryRecords } from './memory-records.ts';
import { MemoryRemoval } from './memory-removal.ts';
import { MemorySharing, SHARED_MEMORIES } from './memory-sharing.ts';
import { MemoryStatistics } from './memory-statistics.ts';
import { type Embed, MemoryStore } from './memory-store.ts';
import { PatternMemories } from './pattern-memories.ts';
import type { Embedder } from './search/embedder.ts';
import { orUndefined } from './search/embedding.ts';
import { MemorySearch, type MemorySearchParts } from './search/memory-search.ts';

interface MemoryTables {
  readonly memory: Table;
  readonly state: Table;
}

/** An agent's own memories: to store and change them, and to follow their changes. */
export function composeMemoryStore(
  memory: Table,
  randomPart: RandomPart,
  categories: MemoryCategories,
  embed?: Embed,
) {
  const records = new MemoryRecords(memory);
  const feed = new MemoryFeed(memory, randomPart);
  return { records, feed, store: new MemoryStore(memory, categories, { records, feed, embed }) };
}

type StoredMemories = ReturnType<typeof composeMemoryStore>;

/** The sharing of those memories. `grants` are the rows that say who shares what with whom. */
export function composeMemorySharing(
  memory: Table,
  registry: AgentRegistry,
  { store, records }: StoredMemories,
  categories: MemoryCategories,
) {
  const grants = new Sharing(memory, SHARED_MEMORIES);
  const sharing = new MemorySharing({ store, records, sharing: grants, registry }, categories, memory.clock);
  return { grants, sharing };
}

/** Counts of how often memories are read. */
export const composeAccessCounts = ({ memory, state }: MemoryTables, randomPart: RandomPart): AccessCounts =>
  new AccessCounts(memory, randomPart, new ErasedMarks(state));

/** Search over an agent's own and shared memories, without the patterns and without an embedder. */
export function composeWordSearch(
  tables: MemoryTables,
  registry: AgentRegistry,
  randomPart: RandomPart,
  categories: MemoryCategories,
  settings: Pick<MemorySearchParts, 'sharedTrustedMs'>,
) {
  const { clock } = tables.memory;
  const stored = composeMemoryStore(tables.memory, randomPart, categories);
  const { sharing } = composeMemorySharing(tables.memory, registry, stored, categories);
  const search = new MemorySearch({ ...stored, ...settings, sharing, categories, clock });
  return { search, sharing, accesses: composeAccessCounts(tables, randomPart), clock };
}

/** The night's work on an agent's memories. */
export function composeAgeing(
  tables: MemoryTables,
  randomPart: RandomPart,
  categories: MemoryCategories,
  openStore: OpenStore,
): AgentAgeing {
  const { memory } = tables;
  const { records, feed } = composeMemoryStore(memory, randomPart, categories);
  return new AgentAgeing(
    {
      records,
      feed,
      writes: new AgeingWrites(memory),
      sharing: new Sharing(memory, SHARED_MEMORIES),
      archive: new Archive(openStore, memory.clock),
      accesses: composeAccessCounts(tables, randomPart),
    },
    { ...defaultAgeingSettings, categories },
  );
}

export interface MemoriesParts {
  readonly categories: MemoryCategories;
  /** Opens the archive that removed memories go to. */
  readonly openStore: OpenStore;
  /** An agent's promoted patterns are read again after its next run. */
  readonly runs: LastRuns;
  /** Without it, memories are found by their words alone. */
  readonly embedder?: Embedder;
}

/** Everything the routes of memories need. */
export function composeMemories(
  { clock, randomPart, logger }: Pick<Runtime, 'clock' | 'randomPart' | 'logger'>,
  tables: MemoryTables,
  { categories, openStore, runs, embedder }: MemoriesParts,
) {
  // A memory without its vector is still found by its words.
  const onEmbedderError = (error: Error) => logger.warn('not embedded', { error });
  const embed = embedder && orUndefined(embedder, onEmbedderError);
  const stored = composeMemoryStore(tables.memory, randomPart, categories, embed);
  const { store, records, feed } = stored;
  const registry = new AgentRegistry(tables.state);
  const { grants, sharing } = composeMemorySharing(tables.memory, registry, stored, categories);
  const patterns = new PatternMemories(new PromotedPatterns(new PatternStore(tables.memory), runs));
  const accesses = composeAccessCounts(tables, randomPart);
  const search = new MemorySearch({
    records,
    feed,
    sharing,
    patterns,
    categories,
    clock,
    embedder,
    onEmbedderError,
    onUnsearched: (agentId, unsearched) =>
      logger.warn('not all memories are searched', { agentId, unsearched }),
  });
  const archive = new Archive(openStore, clock);
  const writes = new AgeingWrites(tables.memory);
  return {
    store,
    sharing,
    patterns,
    intake: new MemoryIntake(store, sharing, registry),
    listing: new MemoryListing({ records, sharing, store, patterns }, categories, clock),
    search: new CountedSearch(search, accesses, clock),
    removal: new MemoryRemoval(tables.memory, { records, feed, sharing: grants, archive }),
    statistics: new MemoryStatistics({ writes, records, feed, accesses }, clock),
  };
}
