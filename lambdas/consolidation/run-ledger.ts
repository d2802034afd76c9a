import { changes, isAbsent, isPresent, says } from '../shared/dynamodb/expressions.ts';
import type { Table, TransactAction } from '../shared/dynamodb/table.ts';
import { toTtl } from '../shared/platform/clock.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import type { AgentResult } from './contract.ts';
import {
  type LastRun,
  progressOf,
  RUN_RETENTION_MS,
  RUN_TIMEOUT_MS,
  type RunRecord,
  zeroTotals,
} from './run.ts';
import {
  agentIdOf,
  agentIdOfResult,
  fromLastRunItem,
  fromResultItem,
  fromRunItem,
  lastRunKey,
  pointerKeyAt,
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

/** One less than a transaction holds: the last action updates the run's counters. */
export const SKIP_BATCH = 99;
/** Runs read at a time to see whether one is under way. */
const RUNS_PAGE = 100;

/**
 * The record of runs. Each agent of a run has one result. One transaction writes it and updates the run's counters,
 * so a result that arrives twice is counted once.
 */
export class RunLedger {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /**
   * @param more actions of the same transaction
   * @returns false when the run exists already, or a condition of `more` failed
   */
  async create(
    run: Pick<RunRecord, 'runId' | 'trigger' | 'agentId' | 'asOf'>,
    more: readonly TransactAction[] = [],
  ): Promise<boolean> {
    const record: RunRecord = {
      ...run,
      startedAt: this.#table.clock().toISOString(),
      consolidated: 0,
      skipped: 0,
      failed: 0,
      totals: zeroTotals,
    };
    const { put } = this.#table.actions;
    const failed = await this.#table.transact([
      put(toRunItem(record), isAbsent),
      put(toPointerItem(record)),
      ...more,
    ]);
    return failed === undefined;
  }

  async get(runId: string): Promise<RunRecord | undefined> {
    const item = await this.#table.get(runKey(runId));
    return item && fromRunItem(item);
  }

  /** Runs, newest first; `after` is the sort key of the last pointer of the page before. */
  async list(limit: number, after?: string): Promise<{ runs: RunRecord[]; last: string | undefined }> {
    const { items, last } = await this.#table.query({
      partition: RUNS_PARTITION,
      descending: true,
      limit,
      ...(after && { start: pointerKeyAt(after) }),
    });
    const runIds = items.map(runIdOfPointer);
    const runs = (await this.#table.getAll(runIds.map(runKey))).map(fromRunItem);
    const found = new Map(runs.map((run) => [run.runId, run]));
    return {
      runs: runIds.flatMap((runId) => found.get(runId) ?? []),
      last: last?.[SORT_KEY] as string | undefined,
    };
  }

  /**
   * True while a planner or a worker of some run may be at work. A worker's last write is its result, and a run that
   * lacks results after a day has failed. Reads the runs of a day: 1 read unit each.
   */
  async isRunUnderWay(): Promise<boolean> {
    const now = this.#table.clock();
    const since = new Date(now.getTime() - RUN_TIMEOUT_MS).toISOString();
    let after: string | undefined;
    do {
      const { runs, last } = await this.list(RUNS_PAGE, after);
      if (runs.some((run) => progressOf(run, now).finishedAt === null)) return true;
      after = last !== undefined && last >= since ? last : undefined;
    } while (after !== undefined);
    return false;
  }

  /** Results of a run by agent id; `after` is the last agent of the page before. */
  async results(
    runId: string,
    limit: number,
    after?: string,
  ): Promise<{ results: AgentResult[]; last: string | undefined }> {
    const { items, last } = await this.#table.query({
      ...resultsOf(runId),
      limit,
      ...(after && { start: resultKey(runId, after) }),
    });
    return { results: items.map(fromResultItem), last: last && agentIdOfResult(last) };
  }

  /** The agents that have a result in this run. */
  async agentsWithResult(runId: string): Promise<Set<string>> {
    const items = await this.#table.queryAll({ ...resultsOf(runId), attributes: [SORT_KEY] });
    return new Set(items.map(agentIdOfResult));
  }

  /** The agent's result in this run, if it has one. */
  async result(runId: string, agentId: string): Promise<AgentResult | undefined> {
    const item = await this.#table.get(resultKey(runId, agentId));
    return item && fromResultItem(item);
  }

  /**
   * Notes that the planner has begun, or the worker of a run of one agent. From then on its `asOf` stays as it is.
   * @returns the run; undefined when it is gone
   */
  async begin(runId: string): Promise<RunRecord | undefined> {
    const planningAt = this.#table.clock().toISOString();
    const { item, failed } = await this.#table.update(runKey(runId), changes({ setOnce: { planningAt } }), {
      condition: isPresent,
      returns: 'ALL_NEW',
    });
    return failed ? undefined : fromRunItem(item);
  }

  /** Notes that the planner has finished: the run ends with this many results. A run that is gone stays gone. */
  async planned(runId: string, expected: number): Promise<void> {
    await this.#table.update(runKey(runId), changes({ setOnce: { expected } }), { condition: isPresent });
  }

  /** Records agents as SKIPPED unless they have a result; at most SKIP_BATCH at a time. */
  async skip(runId: string, agentIds: readonly string[]): Promise<void> {
    let remaining = [...agentIds];
    while (remaining.length > 0) {
      const finishedAt = this.#table.clock().toISOString();
      const failed = await this.#table.transact([
        ...remaining.map((agentId) => this.#putResult(runId, { agentId, result: 'SKIPPED', finishedAt })),
        this.#count(runId, { skipped: remaining.length }, finishedAt),
      ]);
      if (!failed) return;
      if (failed.at(-1)) throw new Error(`run ${runId} is gone`);
      remaining = remaining.filter((_, i) => !failed[i]);
    }
  }

  /**
   * Records the result of an agent once. A second result of the same run changes nothing, except that CONSOLIDATED
   * replaces FAILED.
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
    const failed = await this.#table.transact([
      this.#putResult(runId, result, before),
      this.#count(runId, counts, result.finishedAt),
      ...(lastRun ? [this.#table.actions.put(toLastRunItem(result.agentId, lastRun))] : []),
    ]);
    return failed === undefined;
  }

  /**
   * Counts an erased agent as skipped without naming it anywhere, unless that was done before.
   * @param once action that fails the second time
   */
  async withdraw(runId: string, once: TransactAction): Promise<void> {
    const now = this.#table.clock().toISOString();
    await this.#table.transact([once, this.#count(runId, { skipped: 1 }, now)]);
  }

  /** The last runs of these agents, by agent; an agent without one is missing. */
  async lastRuns(agentIds: readonly string[]): Promise<Map<string, LastRun>> {
    const items = await this.#table.getAll(agentIds.map(lastRunKey));
    return new Map(items.map((item) => [agentIdOf(item), fromLastRunItem(item)]));
  }

  #putResult(runId: string, result: AgentResult, before?: AgentResult): TransactAction {
    const ttl = toTtl(this.#table.clock().getTime() + RUN_RETENTION_MS);
    return this.#table.actions.put(toResultItem(runId, result, ttl), says({ result: before?.result }));
  }

  #count(runId: string, add: Readonly<Record<string, number>>, lastResultAt: string): TransactAction {
    return this.#table.actions.update(runKey(runId), changes({ set: { lastResultAt }, add }), isPresent);
  }
}
