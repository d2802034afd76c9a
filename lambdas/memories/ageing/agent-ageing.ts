import { VersionConflictError } from '../../shared/errors.ts';
import type { Sharing, SharingRecord } from '../../sharing/sharing.ts';
import type { AccessCounts } from '../access-counts.ts';
import type { Memory } from '../memory.ts';
import type { MemoryFeed } from '../memory-feed.ts';
import type { MemoryRecords } from '../memory-records.ts';
import { AgeingSteps, type AgeingStepsParts, type Night } from './ageing-steps.ts';
import type { AgeingWrites } from './ageing-writes.ts';
import { withStep } from './figures.ts';
import { planAgeing } from './plan.ts';
import { isKept } from './pruning.ts';
import { type AgeingReport, type NightFigures, noFigures } from './report.ts';
import type { AgeingSettings } from './settings.ts';
import { censusOf, type NightlyStatistics, searchesOf, statisticsOfNight } from './statistics.ts';

export interface AgeingTask {
  readonly runId: string;
  readonly agentId: string;
  readonly asOf: string;
}

export interface AgentAgeingParts extends AgeingStepsParts {
  readonly feed: MemoryFeed;
  readonly sharing: Sharing;
  readonly accesses: AccessCounts;
}

/**
 * The nightly work on an agent's memories. What loses information is written to the archive first; then every batch of
 * steps is one transaction, on condition that the memories are as they were read. Killed anywhere, the next attempt
 * plans what is left, and the figures of all attempts are together in the agent's statistics.
 *
 * Costs 0.25 read units per KB of memories; for each that goes or changes, of up to 1 KB, 2 write units and 1 of its index;
 * for each batch 2 per KB of statistics (at most 12 KB); and one object in the archive for each day and reason of a
 * thousand steps.
 */
export class AgentAgeing {
  readonly #records: MemoryRecords;
  readonly #writes: AgeingWrites;
  readonly #steps: AgeingSteps;
  readonly #feed: MemoryFeed;
  readonly #sharing: Sharing;
  readonly #accesses: AccessCounts;
  readonly #settings: AgeingSettings;

  /** @param rowsWritten memories of one transaction */
  constructor(parts: AgentAgeingParts, settings: AgeingSettings, rowsWritten?: number) {
    this.#records = parts.records;
    this.#writes = parts.writes;
    this.#steps = new AgeingSteps(parts, rowsWritten);
    this.#feed = parts.feed;
    this.#sharing = parts.sharing;
    this.#accesses = parts.accesses;
    this.#settings = settings;
  }

  /**
   * @param dryRun plans and reports, writes nothing
   * @throws ConflictError when another worker ages the same agent
   */
  async age(task: AgeingTask, dryRun: boolean): Promise<AgeingReport> {
    const { agentId, asOf } = task;
    const now = new Date(asOf);
    const before = await this.#writes.statistics(agentId);
    const stored = dryRun ? before : await this.#foldAccesses(agentId, before, now);
    // Read before the memories: what is shared later may belong to a memory that is not among them.
    const sharing = await this.#sharing.ofOwner(agentId);
    const all: Memory[] = [];
    for await (const page of this.#records.ofAgent(agentId)) all.push(...page);
    if (all.length === 0 && stored.revision === 0) return this.#report(0, [], noFigures, 0);
    if (!dryRun) await this.#steps.removeRemains(agentId, stored);
    const memories = all.filter(({ createdAt }) => createdAt <= asOf);
    const night: Night = {
      agentId,
      memories: new Map(memories.map((memory) => [memory.memoryId, memory])),
      statistics: statisticsOfNight(stored, task.runId),
      leftAlone: new Set(),
    };
    const { steps, remaining } = planAgeing({
      memories,
      settings: this.#settings,
      now,
      shared: new Set(
        sharing.filter(({ with: audience }) => audience.length > 0).map(({ memoryId }) => memoryId),
      ),
    });
    if (dryRun) {
      const { figures } = night.statistics.night!;
      return this.#report(memories.length, remaining, steps.reduce(withStep, figures), 0);
    }
    await this.#steps.take(steps, night);
    const present = new Set(all.map(({ memoryId }) => memoryId));
    for (const { memoryId } of memories) if (!night.memories.has(memoryId)) present.delete(memoryId);
    for (const record of sharing)
      if (!present.has(record.memoryId) && record.with.length + record.granted.length > 0)
        await this.#endSharing(record);
    const { figures } = night.statistics.night!;
    if (figures !== noFigures) await this.#feed.reset(agentId);
    await this.#feed.trim(agentId, now);
    const left = [...night.memories.values()];
    await this.#writes.saveStatistics(agentId, night.statistics, {
      ...night.statistics,
      remains: [],
      census: censusOf(left, now),
    });
    return this.#report(memories.length, left, figures, night.leftAlone.size);
  }

  /**
   * Adds what was read to the memories. Searches are counted before the rows they are read from go, and once for each
   * `asOf`: a night that was cut short finds them counted.
   */
  async #foldAccesses(agentId: string, statistics: NightlyStatistics, now: Date): Promise<NightlyStatistics> {
    const through = now.toISOString();
    const { searches, found, milliseconds, rows } = await this.#accesses.read(agentId, now);
    if (rows.length === 0) return statistics;
    let counted = statistics;
    if (statistics.searches === undefined || statistics.searches.through < through) {
      const sum = searchesOf(statistics.searches, { searches, found, milliseconds });
      const next = { ...statistics, searches: { ...sum, through } };
      await this.#writes.saveStatistics(agentId, statistics, next);
      counted = { ...next, revision: statistics.revision + 1 };
    }
    await this.#accesses.fold(agentId, now);
    return counted;
  }

  /** The same content saved again has the same id, and would be offered to the same agents. */
  async #endSharing({ owner, memoryId, version }: SharingRecord): Promise<void> {
    if (await this.#records.item(owner, memoryId)) return;
    try {
      await this.#sharing.put({ owner, memoryId }, [], 0, version);
    } catch (error) {
      // It was shared again since, so it is there again.
      if (!(error instanceof VersionConflictError)) throw error;
    }
  }

  #report(
    read: number,
    left: readonly Memory[],
    figures: NightFigures,
    changedMeanwhile: number,
  ): AgeingReport {
    const tiers = { hot: 0, warm: 0, cold: 0, archive: 0 };
    for (const { tier } of left) tiers[tier]++;
    const mayChange = left.filter(
      (memory) => memory.tier !== 'archive' || !isKept(memory, this.#settings),
    ).length;
    return { read, ...figures, changedMeanwhile, tiers, mayChange };
  }
}
