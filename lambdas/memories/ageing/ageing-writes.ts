import { changes, type Expression, says } from '../../shared/dynamodb/expressions.ts';
import type { Item, Key, Table, TransactAction } from '../../shared/dynamodb/table.ts';
import { ConflictError } from '../../shared/errors.ts';
import type { Memory } from '../memory.ts';
import { isUnchanged, memoryKey, replacement, toItem } from '../table.ts';
import { type NightlyStatistics, noStatistics } from './statistics.ts';
import { fromStatisticsItem, statisticsKey, toStatisticsItem } from './statistics-table.ts';

/** Writes of one step: done together or not at all. */
export interface StepWrites {
  readonly removed: readonly Memory[];
  readonly change?: { readonly before: Memory; readonly after: Memory };
}

/**
 * The writes of a night. Each batch is a transaction with the agent's statistics: what was done is counted exactly once
 * wherever the worker is killed. A memory that was changed or seen since it was read is left alone.
 */
export class AgeingWrites {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** One strong read. */
  async statistics(agentId: string): Promise<NightlyStatistics> {
    const item = await this.#table.get(statisticsKey(agentId));
    return item ? fromStatisticsItem(item) : noStatistics;
  }

  /** @throws ConflictError when another worker has written them since they were read */
  async saveStatistics(agentId: string, before: NightlyStatistics, after: NightlyStatistics): Promise<void> {
    const { item, condition } = nextStatistics(agentId, before, after);
    if (await this.#table.putIf(item, condition)) throw busy(agentId);
  }

  /**
   * @returns which of the steps met a memory that is no longer as it was read; then nothing was written
   * @throws ConflictError when another worker ages the same agent
   */
  async write(
    agentId: string,
    steps: readonly StepWrites[],
    before: NightlyStatistics,
    after: NightlyStatistics,
  ): Promise<ReadonlySet<StepWrites>> {
    const { item, condition } = nextStatistics(agentId, before, after);
    const parts = steps.flatMap((step) => this.#actions(step).map((action) => ({ step, action })));
    const failed = await this.#table.transact([
      this.#table.actions.put(item, condition),
      ...parts.map(({ action }) => action),
    ]);
    if (!failed) return new Set();
    const [taken, ...met] = failed;
    if (taken) throw busy(agentId);
    return new Set(parts.filter((_, i) => met[i]).map(({ step }) => step));
  }

  /** Deletes a row if it still says this. */
  async deleteIf(key: Key, attributes: Item): Promise<void> {
    await this.#table.deleteIf(key, says(attributes));
  }

  #actions({ removed, change }: StepWrites): TransactAction[] {
    const { actions } = this.#table;
    const keyOf = ({ agentId, memoryId }: Memory): Key => memoryKey(agentId, memoryId)!;
    return [
      ...removed.map((memory) => actions.delete(keyOf(memory), isUnchanged(memory))),
      ...(change
        ? [
            actions.update(
              keyOf(change.before),
              changeOf(change.before, change.after),
              isUnchanged(change.before),
            ),
          ]
        : []),
    ];
  }
}

const busy = (agentId: string): Error =>
  new ConflictError(`The memories of ${agentId} are being aged already`);

/** The row of the statistics after a write, on condition that they are still as they were read. */
function nextStatistics(agentId: string, { revision }: NightlyStatistics, after: NightlyStatistics) {
  const condition: Expression = says({ revision: revision === 0 ? undefined : revision });
  return { item: toStatisticsItem(agentId, { ...after, revision: revision + 1 }), condition };
}

/** Changes all that its author can change, and the sightings, which near-duplicates that it takes in add to. */
function changeOf(before: Memory, after: Memory): Expression {
  const { set, remove } = replacement(toItem(before), toItem(after));
  const { timesSeen, lastSeenAt } = after;
  return changes({ set: { ...set, timesSeen, lastSeenAt }, remove });
}
