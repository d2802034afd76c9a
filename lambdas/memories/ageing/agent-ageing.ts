import type { Archive } from '../../archive/archive.ts';
import type { ArchiveRecord } from '../../shared/archive-record.ts';
import { VersionConflictError } from '../../shared/errors.ts';
import type { Sharing, SharingRecord } from '../../sharing/sharing.ts';
import type { AccessCounts } from '../access-counts.ts';
import { archivedMemory } from '../archived-memory.ts';
import type { Memory, Revision } from '../memory.ts';
import type { MemoryFeed } from '../memory-feed.ts';
import type { MemoryRecords } from '../memory-records.ts';
import { aliasTarget, memoryKey, revisionKey } from '../table.ts';
import type { AgeingWrites } from './ageing-writes.ts';
import { sizeOf } from './compression.ts';
import { withStep } from './figures.ts';
import { type AgeingStep, planAgeing } from './plan.ts';
import { isKept } from './pruning.ts';
import { type AgeingReport, type NightFigures, noFigures } from './report.ts';
import type { AgeingSettings } from './settings.ts';
import { censusOf, type MemoryStatistics, searchesOf, statisticsOfNight } from './statistics.ts';

export interface AgeingTask {
  readonly runId: string;
  readonly agentId: string;
  readonly asOf: string;
}

/** Steps whose memories are archived together: few objects, and little archived that a kill then does again. */
const STEPS_ARCHIVED = 1_000;
/** A transaction holds 100 actions and 4 MB; one action is the statistics. */
const ROWS_WRITTEN = 90;
const MAX_BYTES = 2_000_000;
/** Steps whose other rows are looked up at the same time. */
const READS_AT_A_TIME = 20;

interface Night {
  readonly task: AgeingTask;
  /** Memories as they are stored now, as far as this worker knows. */
  readonly memories: Map<string, Memory>;
  statistics: MemoryStatistics;
  /** Somebody else changed them: what else was planned for them is left to the next night. */
  readonly leftAlone: Set<string>;
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
  readonly #archive: Archive;
  readonly #feed: MemoryFeed;
  readonly #sharing: Sharing;
  readonly #accesses: AccessCounts;
  readonly #settings: AgeingSettings;
  readonly #rowsWritten: number;

  constructor(
    parts: {
      records: MemoryRecords;
      writes: AgeingWrites;
      archive: Archive;
      feed: MemoryFeed;
      sharing: Sharing;
      accesses: AccessCounts;
    },
    settings: AgeingSettings,
    rowsWritten = ROWS_WRITTEN,
  ) {
    this.#records = parts.records;
    this.#writes = parts.writes;
    this.#archive = parts.archive;
    this.#feed = parts.feed;
    this.#sharing = parts.sharing;
    this.#accesses = parts.accesses;
    this.#settings = settings;
    this.#rowsWritten = rowsWritten;
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
    // Before the memories: what is shared from now on is of a memory that may not be among them.
    const sharing = await this.#sharing.ofOwner(agentId);
    const all: Memory[] = [];
    for await (const page of this.#records.ofAgent(agentId)) all.push(...page);
    if (all.length === 0 && stored.revision === 0) return this.#report(0, [], noFigures, 0);
    if (!dryRun) await this.#removeRemains(agentId, stored);
    const memories = all.filter(({ createdAt }) => createdAt <= asOf);
    const night: Night = {
      task,
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
    for (let start = 0; start < steps.length; start += STEPS_ARCHIVED)
      await this.#take(steps.slice(start, start + STEPS_ARCHIVED), night);
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
  async #foldAccesses(agentId: string, statistics: MemoryStatistics, now: Date): Promise<MemoryStatistics> {
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

  /** Archives what steps take away, then takes them, as many at a time as a transaction holds. */
  async #take(steps: readonly AgeingStep[], night: Night): Promise<void> {
    const revised = await this.#revised(
      steps.flatMap(({ prunings }) => prunings.map(({ memory }) => memory)),
    );
    await this.#archiveAll(steps, revised);
    for (const batch of batchesOf(steps, this.#rowsWritten)) await this.#write(batch, night, revised);
  }

  /** Only a change by its author, and a night, makes a version: of the others nothing but the memory is there. */
  async #revised(memories: readonly Memory[]): Promise<Map<string, Revised>> {
    const changed = memories.filter(({ version }) => version > 1);
    const found = await atATime(changed, READS_AT_A_TIME, async ({ agentId, memoryId }) => {
      const [item, revisions] = await Promise.all([
        this.#records.item(agentId, memoryId),
        this.#records.revisions(agentId, memoryId),
      ]);
      return { memoryId, aliases: (item?.['aliases'] as string[] | undefined) ?? [], revisions };
    });
    const withRows = found.filter(({ aliases, revisions }) => aliases.length + revisions.length > 0);
    return new Map(withRows.map((each) => [each.memoryId, each]));
  }

  async #archiveAll(steps: readonly AgeingStep[], revised: ReadonlyMap<string, Revised>): Promise<void> {
    const records: Record<'pruned' | 'merged' | 'compressed', ArchiveRecord[]> = {
      pruned: [],
      merged: [],
      compressed: [],
    };
    for (const { prunings, change } of steps) {
      for (const { memory, reason } of prunings) {
        const { revisions = [] } = revised.get(memory.memoryId) ?? {};
        const gone = [...revisions.map((revision) => revision.memory), memory].map(archivedMemory);
        records[reason === 'redundant' ? 'merged' : 'pruned'].push(...gone);
      }
      if (change && change.before.form !== change.after.form)
        records.compressed.push(archivedMemory(change.before));
    }
    for (const reason of ['pruned', 'merged', 'compressed'] as const)
      if (records[reason].length > 0) await this.#archive.write('memory', records[reason], reason);
  }

  /** Writes a batch; what meets a memory that has changed is left out, and the rest tried again. */
  async #write(
    batch: readonly AgeingStep[],
    night: Night,
    revised: ReadonlyMap<string, Revised>,
  ): Promise<void> {
    const { leftAlone, memories, task } = night;
    for (let open = batch; ;) {
      open = open.filter((step) => memoriesOf(step).every(({ memoryId }) => !leftAlone.has(memoryId)));
      if (open.length === 0) return;
      const writes = open.map(({ prunings, change }) => ({
        removed: prunings.map(({ memory }) => memory),
        ...(change && { change: versioned(change, memories) }),
      }));
      const { statistics } = night;
      const figures = open.reduce(withStep, statistics.night!.figures);
      const removed = writes.flatMap((write) => write.removed.map(({ memoryId }) => memoryId));
      const remains = removed.flatMap((memoryId) => revised.get(memoryId) ?? []);
      const next = {
        ...statistics,
        night: { ...statistics.night!, figures },
        remains: remains.map(({ memoryId, aliases }) => ({ memoryId, aliases })),
      };
      const met = await this.#writes.write(task.agentId, writes, statistics, next);
      if (met.size === 0) {
        night.statistics = { ...next, revision: statistics.revision + 1 };
        for (const memoryId of removed) memories.delete(memoryId);
        for (const { change } of writes) if (change) memories.set(change.after.memoryId, change.after);
        return await this.#removeRemains(task.agentId, next);
      }
      for (const [i, write] of writes.entries())
        if (met.has(write)) for (const { memoryId } of memoriesOf(open[i]!)) leftAlone.add(memoryId);
    }
  }

  /** Said again, the same content would be the same id, and offered to the same agents. */
  async #endSharing({ owner, memoryId, version }: SharingRecord): Promise<void> {
    if (await this.#records.item(owner, memoryId)) return;
    try {
      await this.#sharing.put({ owner, memoryId }, [], 0, version);
    } catch (error) {
      // Shared anew since: it is there again.
      if (!(error instanceof VersionConflictError)) throw error;
    }
  }

  /**
   * Once their memory is gone, and they are in the archive. It may be there again by now, and what was one of its names
   * may be a memory: each row goes only if it still is what it was.
   */
  async #removeRemains(agentId: string, { remains = [] }: MemoryStatistics): Promise<void> {
    for (const { memoryId, aliases } of remains) {
      const item = await this.#records.item(agentId, memoryId);
      const again = item && aliasTarget(item) === undefined ? item : undefined;
      const itsNames = (again?.['aliases'] as string[] | undefined) ?? [];
      for (const alias of aliases)
        if (!itsNames.includes(alias))
          await this.#writes.deleteIf(memoryKey(agentId, alias)!, { sameAs: memoryId });
      for (const { version, replacedAt } of await this.#records.revisions(agentId, memoryId))
        if (version >= Number(again?.['version'] ?? 0))
          await this.#writes.deleteIf(revisionKey(agentId, memoryId, version), { replacedAt });
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

/** Rows beside a memory that was changed. */
interface Revised {
  readonly memoryId: string;
  readonly aliases: readonly string[];
  readonly revisions: readonly Revision[];
}

/** Steps that fit one transaction, which writes no row twice. */
function* batchesOf(steps: readonly AgeingStep[], maxRows: number): Generator<AgeingStep[]> {
  let batch: AgeingStep[] = [];
  const held = new Set<string>();
  let bytes = 0;
  for (const step of steps) {
    const rows = memoriesOf(step);
    const size = step.change ? sizeOf(step.change.after) : 0;
    const full = held.size + rows.length > maxRows || bytes + size > MAX_BYTES;
    if (batch.length > 0 && (full || rows.some(({ memoryId }) => held.has(memoryId)))) {
      yield batch;
      batch = [];
      held.clear();
      bytes = 0;
    }
    batch.push(step);
    for (const { memoryId } of rows) held.add(memoryId);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

const memoriesOf = ({ prunings, change }: AgeingStep): Memory[] => [
  ...prunings.map(({ memory }) => memory),
  ...(change ? [change.before] : []),
];

/** What a memory says or stands for has a new version; where it is kept has not. */
function versioned(
  { before, after }: NonNullable<AgeingStep['change']>,
  memories: ReadonlyMap<string, Memory>,
): NonNullable<AgeingStep['change']> {
  const { version } = memories.get(before.memoryId)!;
  const isNew = before.form !== after.form || before.merged !== after.merged;
  return { before: { ...before, version }, after: { ...after, version: isNew ? version + 1 : version } };
}

async function atATime<T, R>(items: readonly T[], width: number, run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += width)
    results.push(...(await Promise.all(items.slice(start, start + width).map(run))));
  return results;
}
