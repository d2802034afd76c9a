import {
  GetCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { getAll } from '../shared/dynamodb/batch-get.ts';
import { failedCondition, failedTransaction, isTransactionConflict } from '../shared/dynamodb/conditions.ts';
import { toTtl, isExpired } from '../shared/platform/clock.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { type AgentResult, type LastRun, RUN_RETENTION_MS, type RunRecord, zeroTotals } from './run.ts';
import {
  agentIdOf,
  fromLastRunItem,
  fromResultItem,
  fromRunItem,
  lastRunKey,
  resultKey,
  resultsOf,
  runIdOfPointer,
  runKey,
  RUNS_PARTITION,
  toLastRunItem,
  toPointerItem,
  toResultItem,
  toRunItem,
} from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

type Actions = NonNullable<TransactWriteCommandInput['TransactItems']>;
type Item = Record<string, unknown>;

/** One less than a transaction holds: the last is the run's counters. */
export const SKIP_BATCH = 99;
/** Agents finish at the same time and count on one row; DynamoDB cancels those that meet. */
const CONFLICT_TRIES = 8;

/** Cancelled for meeting another transaction alone: where a condition failed too, sending again changes nothing. */
const isOnlyContention = (error: unknown): boolean =>
  isTransactionConflict(error) && failedTransaction(error) === undefined;

/**
 * The record of runs. Each agent of a run has one result, and the run's counters move in the transaction that writes
 * it: whatever arrives twice is counted once.
 */
export class RunLedger {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** @returns false when the run exists already */
  async create(run: Pick<RunRecord, 'runId' | 'trigger' | 'agentId' | 'asOf'>): Promise<boolean> {
    const record: RunRecord = {
      ...run,
      startedAt: this.#table.clock().toISOString(),
      consolidated: 0,
      skipped: 0,
      failed: 0,
      totals: zeroTotals,
    };
    const TableName = this.#table.name;
    try {
      await this.#transact([
        {
          Put: {
            TableName,
            Item: toRunItem(record),
            ConditionExpression: 'attribute_not_exists(#pk)',
            ExpressionAttributeNames: { '#pk': PARTITION_KEY },
          },
        },
        { Put: { TableName, Item: toPointerItem(record) } },
      ]);
      return true;
    } catch (error) {
      if (failedTransaction(error)) return false;
      throw error;
    }
  }

  async get(runId: string): Promise<RunRecord | undefined> {
    const { Item } = await this.#table.documents.send(
      new GetCommand({ TableName: this.#table.name, Key: runKey(runId), ConsistentRead: true }),
    );
    return Item && !isExpired(Item, this.#table.clock()) ? fromRunItem(Item) : undefined;
  }

  /** Runs, newest first; `after` is the sort key of the last pointer of the page before. */
  async list(limit: number, after?: string): Promise<{ runs: RunRecord[]; last: string | undefined }> {
    const page = await this.#table.documents.send(
      new QueryCommand({
        TableName: this.#table.name,
        ScanIndexForward: false,
        Limit: limit,
        KeyConditionExpression: '#pk = :pk',
        ExpressionAttributeNames: { '#pk': PARTITION_KEY },
        ExpressionAttributeValues: { ':pk': RUNS_PARTITION },
        ConsistentRead: true,
        ...(after && { ExclusiveStartKey: { [PARTITION_KEY]: RUNS_PARTITION, [SORT_KEY]: after } }),
      }),
    );
    const runIds = (page.Items ?? []).map(runIdOfPointer);
    const now = this.#table.clock();
    const found = new Map(
      (await getAll(this.#table.documents, this.#table.name, runIds.map(runKey)))
        .filter((item) => !isExpired(item, now))
        .map(fromRunItem)
        .map((run) => [run.runId, run]),
    );
    const last = page.LastEvaluatedKey?.[SORT_KEY] as string | undefined;
    return { runs: runIds.flatMap((runId) => found.get(runId) ?? []), last };
  }

  /** Results of a run by agent id; `after` is the last agent of the page before. */
  async results(
    runId: string,
    limit: number | undefined,
    after?: string,
  ): Promise<{ results: AgentResult[]; last: string | undefined }> {
    const { partition, prefix } = resultsOf(runId);
    const page = await this.#table.documents.send(
      new QueryCommand({
        TableName: this.#table.name,
        ConsistentRead: true,
        Limit: limit,
        KeyConditionExpression: '#pk = :pk AND begins_with(#sk, :prefix)',
        ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
        ExpressionAttributeValues: { ':pk': partition, ':prefix': prefix },
        ...(after && { ExclusiveStartKey: resultKey(runId, after) }),
      }),
    );
    const last = page.LastEvaluatedKey?.[SORT_KEY] as string | undefined;
    return { results: (page.Items ?? []).map(fromResultItem), last: last?.slice(prefix.length) };
  }

  /** The agent's result in this run, when it has one. */
  async result(runId: string, agentId: string): Promise<AgentResult | undefined> {
    const { Item } = await this.#table.documents.send(
      new GetCommand({ TableName: this.#table.name, Key: resultKey(runId, agentId), ConsistentRead: true }),
    );
    return Item && fromResultItem(Item);
  }

  /** The planner has begun. */
  async begin(runId: string): Promise<void> {
    await this.#update(runId, 'SET planningAt = if_not_exists(planningAt, :now)', {
      ':now': this.#table.clock().toISOString(),
    });
  }

  /** The planner has finished: the run ends when it has this many results. */
  async planned(runId: string, expected: number): Promise<void> {
    await this.#update(runId, 'SET expected = if_not_exists(expected, :expected)', { ':expected': expected });
  }

  /** Records agents as SKIPPED, unless they have a result; at most SKIP_BATCH at a time. */
  async skip(runId: string, agentIds: readonly string[]): Promise<void> {
    let remaining = [...agentIds];
    while (remaining.length > 0) {
      const finishedAt = this.#table.clock().toISOString();
      try {
        await this.#transact([
          ...remaining.map((agentId) => this.#putResult(runId, { agentId, result: 'SKIPPED', finishedAt })),
          this.#count(runId, { skipped: remaining.length }, finishedAt),
        ]);
        return;
      } catch (error) {
        const failed = failedTransaction(error);
        if (!failed || failed.at(-1)) throw error;
        remaining = remaining.filter((_, i) => !failed[i]);
      }
    }
  }

  /**
   * Records what became of an agent, once: a second result of the same run changes nothing, except that
   * CONSOLIDATED replaces FAILED.
   * @param lastRun stored with it, when the run stored patterns
   * @returns false when the agent had its result already, or the run is gone
   */
  async record(runId: string, result: AgentResult, lastRun?: LastRun): Promise<boolean> {
    const before = await this.result(runId, result.agentId);
    if (before && !(before.result === 'FAILED' && result.result === 'CONSOLIDATED')) return false;
    const counts: Record<string, number> = {
      ...(before && { failed: -1 }),
      ...(result.result === 'CONSOLIDATED' ? { consolidated: 1 } : { failed: 1 }),
      ...result.report?.totals,
    };
    try {
      await this.#transact([
        this.#putResult(runId, result, before),
        this.#count(runId, counts, result.finishedAt),
        ...(lastRun
          ? [{ Put: { TableName: this.#table.name, Item: toLastRunItem(result.agentId, lastRun) } }]
          : []),
      ]);
      return true;
    } catch (error) {
      if (failedTransaction(error)) return false;
      throw error;
    }
  }

  /**
   * Counts an agent that is nobody's business any more as skipped, and names it nowhere.
   * @param once fails when that was done before
   */
  async withdraw(runId: string, once: Actions[number]): Promise<void> {
    try {
      await this.#transact([once, this.#count(runId, { skipped: 1 }, this.#table.clock().toISOString())]);
    } catch (error) {
      if (!failedTransaction(error)) throw error;
    }
  }

  async lastRuns(agentIds: readonly string[]): Promise<Map<string, LastRun>> {
    const items = await getAll(this.#table.documents, this.#table.name, agentIds.map(lastRunKey));
    return new Map(items.map((item) => [agentIdOf(item), fromLastRunItem(item)]));
  }

  #putResult(runId: string, result: AgentResult, before?: AgentResult): Actions[number] {
    const ttl = toTtl(this.#table.clock().getTime() + RUN_RETENTION_MS);
    return {
      Put: {
        TableName: this.#table.name,
        Item: toResultItem(runId, result, ttl),
        ConditionExpression: before ? '#result = :before' : 'attribute_not_exists(#result)',
        ExpressionAttributeNames: { '#result': 'result' },
        ...(before && { ExpressionAttributeValues: { ':before': before.result } }),
      },
    };
  }

  #count(runId: string, counts: Readonly<Record<string, number>>, now: string): Actions[number] {
    const names = Object.keys(counts);
    return {
      Update: {
        TableName: this.#table.name,
        Key: runKey(runId),
        UpdateExpression: `SET lastResultAt = :now ADD ${names.map((name) => `#${name} :${name}`).join(', ')}`,
        ConditionExpression: 'attribute_exists(#pk)',
        ExpressionAttributeNames: {
          '#pk': PARTITION_KEY,
          ...Object.fromEntries(names.map((name) => [`#${name}`, name])),
        },
        ExpressionAttributeValues: {
          ':now': now,
          ...Object.fromEntries(names.map((name) => [`:${name}`, counts[name]])),
        },
      },
    };
  }

  /** Changes the run's row; a run that is gone stays gone. */
  async #update(runId: string, expression: string, values: Item): Promise<void> {
    try {
      await this.#table.documents.send(
        new UpdateCommand({
          TableName: this.#table.name,
          Key: runKey(runId),
          UpdateExpression: expression,
          ConditionExpression: 'attribute_exists(#pk)',
          ExpressionAttributeNames: { '#pk': PARTITION_KEY },
          ExpressionAttributeValues: values,
        }),
      );
    } catch (error) {
      if (!failedCondition(error)) throw error;
    }
  }

  async #transact(actions: Actions): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#table.documents.send(new TransactWriteCommand({ TransactItems: actions }));
        return;
      } catch (error) {
        if (tries >= CONFLICT_TRIES || !isOnlyContention(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * 2 ** tries));
      }
    }
  }
}
