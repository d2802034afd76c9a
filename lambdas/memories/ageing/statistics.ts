import type { Memory } from '../memory.ts';
import type { MemoryTier } from '../memory-stages.ts';
import { sizeOf } from './compression.ts';
import { type NightFigures, noFigures } from './report.ts';

/** Memories the statistics name as the most read. */
export const MAX_TOP = 10;

/** An agent's memories after a night. */
export interface MemoryCensus {
  readonly asOf: string;
  readonly memories: number;
  readonly tiers: Readonly<Record<MemoryTier, number>>;
  readonly categories: Readonly<Record<string, number>>;
  /** Bytes of JSON of content, text and metadata, by tier. */
  readonly bytes: Readonly<Record<MemoryTier, number>>;
  /** The most read, at most 10. */
  readonly topAccessed: readonly {
    readonly memoryId: string;
    readonly accessCount: number;
    readonly lastAccessedAt?: string;
  }[];
}

export interface SearchFigures {
  readonly searches: number;
  /** Those that found something. */
  readonly found: number;
  /** Of all together. */
  readonly milliseconds: number;
}

/** An agent's row: what its nights did, and what the last one left. */
export interface NightlyStatistics {
  /** Rises with every write: two workers that age one agent at the same time cannot both count. */
  readonly revision: number;
  /** All nights but the one under `night`. */
  readonly before: Omit<NightFigures, 'prunedMemories'>;
  /** The latest night, which may still be going on. */
  readonly night?: { readonly runId: string; readonly figures: NightFigures };
  readonly census?: MemoryCensus;
  /** All searches counted so far, and up to when. */
  readonly searches?: SearchFigures & { readonly through: string };
  /** Memories that are gone, and the rows of whose other ids and revisions may still be there. */
  readonly remains?: readonly { readonly memoryId: string; readonly aliases: readonly string[] }[];
}

export const noStatistics: NightlyStatistics = { revision: 0, before: noFigures };

export const zeroTiers: Readonly<Record<MemoryTier, number>> = { hot: 0, warm: 0, cold: 0, archive: 0 };

export function censusOf(memories: readonly Memory[], now: Date): MemoryCensus {
  const tiers = { ...zeroTiers };
  const bytes = { ...zeroTiers };
  const categories: Record<string, number> = {};
  for (const memory of memories) {
    tiers[memory.tier]++;
    bytes[memory.tier] += sizeOf(memory);
    categories[memory.category] = (categories[memory.category] ?? 0) + 1;
  }
  const topAccessed = memories
    .filter(({ accessCount }) => accessCount > 0)
    .sort((a, b) => b.accessCount - a.accessCount || (a.memoryId < b.memoryId ? -1 : 1))
    .slice(0, MAX_TOP)
    .map(({ memoryId, accessCount, lastAccessedAt }) => ({
      memoryId,
      accessCount,
      ...(lastAccessedAt && { lastAccessedAt }),
    }));
  return { asOf: now.toISOString(), memories: memories.length, tiers, categories, bytes, topAccessed };
}

/** Two nights' figures together. */
export function sumOf(
  a: Omit<NightFigures, 'prunedMemories'>,
  b: Omit<NightFigures, 'prunedMemories'>,
): Omit<NightFigures, 'prunedMemories'> {
  const add = <Name extends string>(x: Readonly<Record<Name, number>>, y: Readonly<Record<Name, number>>) =>
    Object.fromEntries(Object.entries<number>(x).map(([name, n]) => [name, n + y[name as Name]])) as Record<
      Name,
      number
    >;
  return {
    pruned: add(a.pruned, b.pruned),
    moved: add(a.moved, b.moved),
    compressed: add(a.compressed, b.compressed),
  };
}

/** The statistics of a night that begins, or goes on after it was cut short: what it did so far stays counted. */
export function statisticsOfNight(statistics: NightlyStatistics, runId: string): NightlyStatistics {
  if (statistics.night?.runId === runId) return statistics;
  return {
    ...statistics,
    before: statistics.night ? sumOf(statistics.before, statistics.night.figures) : statistics.before,
    night: { runId, figures: noFigures },
  };
}

export const searchesOf = (a: SearchFigures | undefined, b: SearchFigures): SearchFigures => ({
  searches: (a?.searches ?? 0) + b.searches,
  found: (a?.found ?? 0) + b.found,
  milliseconds: (a?.milliseconds ?? 0) + b.milliseconds,
});
