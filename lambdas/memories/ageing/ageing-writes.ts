import {
  GetCommand,
  PutCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import {
  failedCondition,
  failedTransaction,
  isTransactionConflict,
} from '../../shared/dynamodb/conditions.ts';
import { deleteIf } from '../../shared/dynamodb/delete-if.ts';
import { ConflictError } from '../../shared/errors.ts';
import type { Memory } from '../memory.ts';
import { type Item, memoryKey, replacement, toItem } from '../table.ts';
import { type MemoryStatistics, noStatistics } from './statistics.ts';
import { fromStatisticsItem, statisticsKey, toStatisticsItem } from './statistics-table.ts';
import type { Table } from '../../shared/dynamodb/table.ts';

type Actions = NonNullable<TransactWriteCommandInput['TransactItems']>;

/** What is written together or not at all. */
export interface StepWrites {
  readonly removed: readonly Memory[];
  readonly change?: { readonly before: Memory; readonly after: Memory };
}

const CONFLICT_TRIES = 6;

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
  async statistics(agentId: string): Promise<MemoryStatistics> {
    const { Item } = await this.#table.documents.send(
      new GetCommand({ TableName: this.#table.name, Key: statisticsKey(agentId), ConsistentRead: true }),
    );
    return Item ? fromStatisticsItem(Item) : noStatistics;
  }

  /** @throws ConflictError when another worker has written them since they were read */
  async saveStatistics(agentId: string, before: MemoryStatistics, after: MemoryStatistics): Promise<void> {
    try {
      await this.#table.documents.send(new PutCommand(this.#statisticsPut(agentId, before, after)));
    } catch (error) {
      if (failedCondition(error)) throw busy(agentId);
      throw error;
    }
  }

  /**
   * @returns which of the steps met a memory that is no longer as it was read; then nothing was written
   * @throws ConflictError when another worker ages the same agent
   */
  async write(
    agentId: string,
    steps: readonly StepWrites[],
    before: MemoryStatistics,
    after: MemoryStatistics,
  ): Promise<ReadonlySet<StepWrites>> {
    const actions: Actions = [{ Put: this.#statisticsPut(agentId, before, after) }];
    const owners: (StepWrites | undefined)[] = [undefined];
    for (const step of steps)
      for (const action of this.#actions(step)) {
        actions.push(action);
        owners.push(step);
      }
    for (let tries = 1; ; tries++)
      try {
        await this.#table.documents.send(new TransactWriteCommand({ TransactItems: actions }));
        return new Set();
      } catch (error) {
        const failed = failedTransaction(error);
        if (failed?.[0]) throw busy(agentId);
        if (failed) return new Set(owners.filter((step, i) => step && failed[i]) as StepWrites[]);
        if (!isTransactionConflict(error) || tries === CONFLICT_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * 2 ** tries));
      }
  }

  /** Deletes a row if it still says this. */
  deleteIf(key: Item, says: Item): Promise<void> {
    return deleteIf(this.#table.documents, this.#table.name, key, says);
  }

  *#actions({ removed, change }: StepWrites): Generator<Actions[number]> {
    for (const memory of removed) {
      const Key = memoryKey(memory.agentId, memory.memoryId)!;
      yield { Delete: { TableName: this.#table.name, Key, ...unchanged(memory) } };
    }
    if (change) yield { Update: { TableName: this.#table.name, ...updateOf(change.before, change.after) } };
  }

  #statisticsPut(agentId: string, { revision }: MemoryStatistics, after: MemoryStatistics) {
    return {
      TableName: this.#table.name,
      Item: toStatisticsItem(agentId, { ...after, revision: revision + 1 }),
      ConditionExpression: revision === 0 ? 'attribute_not_exists(#revision)' : '#revision = :revision',
      ExpressionAttributeNames: { '#revision': 'revision' },
      ...(revision > 0 && { ExpressionAttributeValues: { ':revision': revision } }),
    };
  }
}

const busy = (agentId: string): Error =>
  new ConflictError(`The memories of ${agentId} are being aged already`);

/** Neither changed (its version) nor seen again since it was read. */
const unchanged = ({ version, timesSeen, lastSeenAt }: Memory) => ({
  ConditionExpression: '#version = :before AND #timesSeen = :timesSeen AND #lastSeenAt = :lastSeenAt',
  ExpressionAttributeNames: { '#version': 'version', '#timesSeen': 'timesSeen', '#lastSeenAt': 'lastSeenAt' },
  ExpressionAttributeValues: { ':before': version, ':timesSeen': timesSeen, ':lastSeenAt': lastSeenAt },
});

/** What its author changes, as any other change; and how often it was seen, which taking in near-duplicates changes. */
function updateOf(before: Memory, after: Memory) {
  const update = replacement(toItem(before), toItem(after));
  const condition = unchanged(before);
  return {
    ...update,
    ...condition,
    UpdateExpression: update.UpdateExpression.replace(
      'SET ',
      'SET #timesSeen = :seenAfter, #lastSeenAt = :lastSeenAfter, ',
    ),
    ExpressionAttributeNames: { ...update.ExpressionAttributeNames, ...condition.ExpressionAttributeNames },
    ExpressionAttributeValues: {
      ...update.ExpressionAttributeValues,
      ...condition.ExpressionAttributeValues,
      ':seenAfter': after.timesSeen,
      ':lastSeenAfter': after.lastSeenAt,
    },
  };
}
