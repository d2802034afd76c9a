import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { Archive } from '../../../lambdas/archive/archive.ts';
import { ArchiveReader } from '../../../lambdas/archive/archive-reader.ts';
import { FolderObjectStore } from '../../../lambdas/archive/folder-object-store.ts';
import { AgentAgeing } from '../../../lambdas/memories/ageing/agent-ageing.ts';
import { AgeingWrites } from '../../../lambdas/memories/ageing/ageing-writes.ts';
import { defaultAgeingSettings } from '../../../lambdas/memories/ageing/settings.ts';
import {
  composeAccessCounts,
  composeMemorySharing,
  composeMemoryStore,
} from '../../../lambdas/memories/compose.ts';
import { CountedSearch } from '../../../lambdas/memories/counted-search.ts';
import type { NewMemory } from '../../../lambdas/memories/memory-change.ts';
import { MemoryStatistics } from '../../../lambdas/memories/memory-statistics.ts';
import { MemorySearch } from '../../../lambdas/memories/search/memory-search.ts';
import { createRuntime } from '../../../lambdas/shared/platform/runtime.ts';
import { defaultMemoryCategories as categories } from '../../../lambdas/shared/schema/memory-categories.ts';
import { tables as schema } from '../../../lambdas/shared/schema/tables.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

type Clock = () => Date;

const sum = (a: Record<string, number>, b: Readonly<Record<string, number>>): void => {
  for (const [name, n] of Object.entries(b)) a[name] = (a[name] ?? 0) + n;
};

/** Memories as the functions have them, on a clock of the demo's own. */
export function createMemoryDesk(table: string, archiveFolder: string, clock: Clock) {
  const { documents, randomPart } = createRuntime('demo');
  const objects = new FolderObjectStore(archiveFolder);
  const archive = new Archive(() => Promise.resolve(objects), clock);
  const tables = {
    memory: new Table(documents, table, clock),
    state: new Table(documents, schema.state.name, clock),
  };
  const stored = composeMemoryStore(tables.memory, randomPart, categories);
  const { records, feed, store } = stored;
  const { grants, sharing } = composeMemorySharing(
    tables.memory,
    new AgentRegistry(tables.state),
    stored,
    categories,
  );
  const accesses = composeAccessCounts(tables, randomPart);
  const writes = new AgeingWrites(tables.memory);
  const search = new CountedSearch(
    new MemorySearch({ records, feed, sharing, categories, clock }),
    accesses,
    clock,
  );
  const statistics = new MemoryStatistics({ writes, records, feed, accesses }, clock);
  const ageing = new AgentAgeing(
    { records, writes, feed, archive, accesses, sharing: grants },
    { ...defaultAgeingSettings, categories },
  );
  /** Who was told what, to be held against what is left. */
  const told = new Map<string, string>();

  const archivedOf = async (agentId: string): Promise<string[]> => {
    const ids: string[] = [];
    let after: string | undefined;
    do {
      const page = await archive.read({ table: 'memory', agentId }, 100, after);
      ids.push(...page.records.map(({ id }) => id));
      after = page.last;
    } while (after !== undefined);
    return ids;
  };

  return {
    remember: async (agentId: string, memory: NewMemory): Promise<void> => {
      const saved = await store.save(agentId, memory);
      told.set(saved.memory.memoryId, agentId);
    },
    search: async (agentId: string, query: string) =>
      (await search.search(agentId, [{ query, topK: 3 }]))[0]!.hits,
    night: async (agentId: string, night: number) => {
      await accesses.flush(true);
      return ageing.age({ agentId, runId: `RUN-${night}`, asOf: clock().toISOString() }, false);
    },
    /** Of all agents together. */
    figures: async (agentIds: readonly string[]) => {
      const total = {
        memories: 0,
        tiers: { hot: 0, warm: 0, cold: 0, archive: 0 },
        bytes: { hot: 0, warm: 0, cold: 0, archive: 0 },
        pruned: { expired: 0, irrelevant: 0, redundant: 0 },
        compression: { memories: 0, bytesBefore: 0, bytesAfter: 0 },
      };
      for (const agentId of agentIds) {
        const { memories, tiers, bytes, pruned, compression } = await statistics.forAgent(agentId);
        const { ratio: _, ...shortened } = compression;
        total.memories += memories;
        sum(total.tiers, tiers);
        sum(total.bytes, bytes);
        sum(total.pruned, pruned);
        sum(total.compression, shortened);
      }
      return total;
    },
    /** As `GET …/archive` answers, oldest first: what a memory was before each thing that happened to it. */
    readBack: async (agentId: string, memoryId: string, from: string) => {
      const page = await new ArchiveReader(archive).list(agentId, { table: 'memory', id: memoryId, from });
      return page.items.toReversed();
    },
    archived: async (agentIds: readonly string[]) => {
      const ids = (await Promise.all(agentIds.map(archivedOf))).flat();
      return { records: ids.length, memories: new Set(ids).size };
    },
    /** Memories that were stored and are neither in the table nor in the archive. */
    lost: async (): Promise<number> => {
      const agentIds = [...new Set(told.values())];
      const archived = new Set((await Promise.all(agentIds.map(archivedOf))).flat());
      const references = [...told].map(([memoryId, owner]) => ({ memoryId, owner }));
      const present = new Set((await records.getMany(references)).map(({ memoryId }) => memoryId));
      return references.filter(({ memoryId }) => !present.has(memoryId) && !archived.has(memoryId)).length;
    },
  };
}
