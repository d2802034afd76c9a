import type { Clock } from '../shared/platform/clock.ts';
import type { AccessCounts } from './access-counts.ts';
import type { AgeingWrites } from './ageing/ageing-writes.ts';
import { MAX_TOP, type NightlyStatistics, searchesOf, sumOf, zeroTiers } from './ageing/statistics.ts';
import { noFigures } from './ageing/report.ts';
import type { Memory } from './memory.ts';
import { type MemoryFeed, OVERLAP_MS } from './memory-feed.ts';
import type { MemoryRecords } from './memory-records.ts';

/** Memories stored, changed or removed since the last night that are looked at, at most. */
const MAX_SINCE = 1_000;
const NEVER = new Date(0).toISOString();

/**
 * Statistics of an agent's memories: the counts of the last night, and the changes since that the feed tells of. 1 read
 * unit for the night's row, 1 for each 40 changes since, 1 for each memory changed since (of up to 4 KB), and 1 for each
 * 4 KB of reads not counted yet.
 */
export class MemoryStatistics {
  readonly #writes: AgeingWrites;
  readonly #records: MemoryRecords;
  readonly #feed: MemoryFeed;
  readonly #accesses: AccessCounts;
  readonly #clock: Clock;

  constructor(
    parts: { writes: AgeingWrites; records: MemoryRecords; feed: MemoryFeed; accesses: AccessCounts },
    clock: Clock,
  ) {
    this.#writes = parts.writes;
    this.#records = parts.records;
    this.#feed = parts.feed;
    this.#accesses = parts.accesses;
    this.#clock = clock;
  }

  async forAgent(agentId: string) {
    const [statistics, accesses] = await Promise.all([
      this.#writes.statistics(agentId),
      // Includes the rows of this very millisecond.
      this.#accesses.read(agentId, new Date(this.#clock().getTime() + 1)),
    ]);
    const { census, night, before } = statistics;
    const changes = await this.#since(agentId, census?.asOf ?? NEVER);
    const stored = changes?.stored ?? [];
    const tiers = { ...(census?.tiers ?? zeroTiers) };
    const categories: Record<string, number> = { ...census?.categories };
    for (const { tier, category } of stored) {
      tiers[tier]++;
      categories[category] = (categories[category] ?? 0) + 1;
    }
    const { pruned, compressed } = sumOf(before, night?.figures ?? noFigures);
    const { searches, found, milliseconds } = searchesOf(statistics.searches, accesses);
    return {
      agentId,
      asOf: census?.asOf ?? null,
      memories: (census?.memories ?? 0) + stored.length,
      tiers,
      categories,
      bytes: census?.bytes ?? zeroTiers,
      since: changes ? { ...changes, stored: stored.length } : null,
      pruned,
      compression: {
        ...compressed,
        ratio: compressed.bytesBefore === 0 ? null : compressed.bytesAfter / compressed.bytesBefore,
      },
      lastNight: night ? { runId: night.runId, ...night.figures } : null,
      topAccessed: topOf(statistics, accesses.memories),
      searches: {
        count: searches,
        hitRate: searches === 0 ? null : found / searches,
        meanMs: searches === 0 ? null : milliseconds / searches,
      },
    };
  }

  /** @returns undefined when more has happened than is looked at */
  async #since(
    agentId: string,
    asOf: string,
  ): Promise<{ stored: Memory[]; changed: number; removed: number } | undefined> {
    const { epoch } = await this.#feed.begin(agentId);
    // The feed looks back by the overlap from where its reader is. This reader always begins at the night.
    const readAt = new Date(Date.parse(asOf) + OVERLAP_MS).toISOString();
    const { memoryIds } = await this.#feed.since(agentId, { readAt, epoch, recent: new Set() });
    if (!memoryIds || memoryIds.length > MAX_SINCE) return undefined;
    const present = await this.#records.getMany(memoryIds.map((memoryId) => ({ owner: agentId, memoryId })));
    const stored = present.filter(({ createdAt }) => createdAt > asOf);
    const changed = present.filter(
      ({ createdAt, updatedAt, lastSeenAt }) => createdAt <= asOf && (updatedAt > asOf || lastSeenAt > asOf),
    );
    return { stored, changed: changed.length, removed: memoryIds.length - present.length };
  }
}

/** The most read memories, by the last night and the reads since. */
function topOf(
  { census }: NightlyStatistics,
  since: ReadonlyMap<string, { readonly count: number; readonly lastAt: string }>,
) {
  const top = new Map((census?.topAccessed ?? []).map((entry) => [entry.memoryId, { ...entry }]));
  for (const [memoryId, { count, lastAt }] of since)
    top.set(memoryId, {
      memoryId,
      accessCount: (top.get(memoryId)?.accessCount ?? 0) + count,
      lastAccessedAt: lastAt,
    });
  return [...top.values()]
    .sort((a, b) => b.accessCount - a.accessCount || (a.memoryId < b.memoryId ? -1 : 1))
    .slice(0, MAX_TOP);
}
