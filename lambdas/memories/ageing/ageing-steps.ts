import type { Archive } from '../../archive/archive.ts';
import type { ArchiveRecord } from '../../shared/archive-record.ts';
import { archivedMemory } from '../archived-memory.ts';
import type { Memory, Revision } from '../memory.ts';
import type { MemoryRecords } from '../memory-records.ts';
import { aliasesOf, aliasTarget, memoryKey, revisionKey } from '../table.ts';
import type { AgeingWrites } from './ageing-writes.ts';
import { sizeOf } from './compression.ts';
import { withStep } from './figures.ts';
import type { AgeingStep } from './plan.ts';
import type { NightlyStatistics } from './statistics.ts';

/** Steps whose memories are archived together: few objects, and little archived that a kill then does again. */
const STEPS_ARCHIVED = 1_000;
/** A transaction holds 100 actions and 4 MB; one action is the statistics. */
const ROWS_WRITTEN = 90;
const MAX_BYTES = 2_000_000;
/** Memories whose other rows are looked up at the same time. */
const READS_AT_A_TIME = 20;

/** A night of one agent, while it goes on. */
export interface Night {
  readonly agentId: string;
  /** Memories as they are stored now, as far as this worker knows. */
  readonly memories: Map<string, Memory>;
  statistics: NightlyStatistics;
  /** Memories that somebody else changed meanwhile. Their other steps are left to the next night. */
  readonly leftAlone: Set<string>;
}

export interface AgeingStepsParts {
  readonly records: MemoryRecords;
  readonly writes: AgeingWrites;
  readonly archive: Archive;
}

/** Takes the steps of a plan: archives what they take away, then writes them in transactions. */
export class AgeingSteps {
  readonly #records: MemoryRecords;
  readonly #writes: AgeingWrites;
  readonly #archive: Archive;
  readonly #rowsWritten: number;

  /** @param rowsWritten memories of one transaction */
  constructor({ records, writes, archive }: AgeingStepsParts, rowsWritten = ROWS_WRITTEN) {
    this.#records = records;
    this.#writes = writes;
    this.#archive = archive;
    this.#rowsWritten = rowsWritten;
  }

  /** Archives what the steps take away, a thousand steps at a time, then takes them, as many as a transaction holds. */
  async take(steps: readonly AgeingStep[], night: Night): Promise<void> {
    for (let start = 0; start < steps.length; start += STEPS_ARCHIVED) {
      const some = steps.slice(start, start + STEPS_ARCHIVED);
      const revised = await this.#revised(
        some.flatMap(({ prunings }) => prunings.map(({ memory }) => memory)),
      );
      await this.#archiveAll(some, revised);
      for (const batch of batchesOf(some, this.#rowsWritten)) await this.#write(batch, night, revised);
    }
  }

  /** Memories at their first version have no other rows: only a change by their author, or a night, makes those. */
  async #revised(memories: readonly Memory[]): Promise<Map<string, Revised>> {
    const changed = memories.filter(({ version }) => version > 1);
    const found = await atATime(changed, READS_AT_A_TIME, async ({ agentId, memoryId }) => {
      const [item, revisions] = await Promise.all([
        this.#records.item(agentId, memoryId),
        this.#records.revisions(agentId, memoryId),
      ]);
      return { memoryId, aliases: aliasesOf(item), revisions };
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

  /** Writes a batch. Steps that meet a changed memory are left out, and the rest is tried again. */
  async #write(
    batch: readonly AgeingStep[],
    night: Night,
    revised: ReadonlyMap<string, Revised>,
  ): Promise<void> {
    const { leftAlone, memories, agentId } = night;
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
      const met = await this.#writes.write(agentId, writes, statistics, next);
      if (met.size === 0) {
        night.statistics = { ...next, revision: statistics.revision + 1 };
        for (const memoryId of removed) memories.delete(memoryId);
        for (const { change } of writes) if (change) memories.set(change.after.memoryId, change.after);
        return await this.removeRemains(agentId, next);
      }
      for (const [i, write] of writes.entries())
        if (met.has(write)) for (const { memoryId } of memoriesOf(open[i]!)) leftAlone.add(memoryId);
    }
  }

  /**
   * Deletes the rows beside memories that are gone; the archive has them. A memory may be there again by now, and one of
   * its former names may be a memory: each row goes only if it still is what it was.
   */
  async removeRemains(agentId: string, { remains = [] }: NightlyStatistics): Promise<void> {
    for (const { memoryId, aliases } of remains) {
      const item = await this.#records.item(agentId, memoryId);
      const again = item && aliasTarget(item) === undefined ? item : undefined;
      const itsNames = aliasesOf(again);
      for (const alias of aliases)
        if (!itsNames.includes(alias))
          await this.#writes.deleteIf(memoryKey(agentId, alias)!, { sameAs: memoryId });
      for (const { version, replacedAt } of await this.#records.revisions(agentId, memoryId))
        if (version >= Number(again?.['version'] ?? 0))
          await this.#writes.deleteIf(revisionKey(agentId, memoryId, version), { replacedAt });
    }
  }
}

/** Rows beside a memory that was changed. */
interface Revised {
  readonly memoryId: string;
  readonly aliases: readonly string[];
  readonly revisions: readonly Revision[];
}

/** Steps that fit one transaction. No transaction may write a row twice. */
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

/** A change of what a memory says or stands for makes a new version; a change of its tier alone does not. */
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
