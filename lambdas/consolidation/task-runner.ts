import type { ErasedMarks } from '../shared/erased-marks.ts';
import type { AgentAgeing } from '../memories/ageing/agent-ageing.ts';
import type { AgeingReport } from '../memories/ageing/report.ts';
import type { NightlyRollup } from '../results/nightly-rollup.ts';
import type { ConsumedUnits } from '../shared/dynamodb/capacity-meter.ts';
import { typeOfPool } from '../shared/schema/owners.ts';
import type { Clock } from '../shared/platform/clock.ts';
import type { AgentConsolidator } from './consolidate-agent.ts';
import type { PoolConsolidator } from './consolidate-pool.ts';
import type { AgentReport, RunTotals } from './contract.ts';
import type { ConsolidationOutcome } from './owner-consolidation.ts';
import { type LastRun, type RunRecord, zeroTotals } from './run.ts';
import type { RunLedger } from './run-ledger.ts';
import type { ConsolidationTask } from './work-queue.ts';

const MAX_ERROR_LENGTH = 500;

export interface TaskRunnerParts {
  readonly ledger: RunLedger;
  readonly erased: ErasedMarks;
  readonly clock: Clock;
  readonly consumed: () => ConsumedUnits;
  /** The night's work on one agent, in this order. */
  readonly rollup: NightlyRollup;
  readonly consolidator: AgentConsolidator;
  readonly ageing: AgentAgeing;
  /** The night's work on the pool of an agent type. */
  readonly poolConsolidator: PoolConsolidator;
}

/**
 * Works on one agent, or one pool, of one run, once: a task that arrives again finds its result and does nothing. A task
 * whose agent is being erased, or was erased after the run began, does nothing either. An agent that is erased while the
 * task runs gets no result. The erasure waits for runs that are under way, so it finds what this task wrote.
 */
export class TaskRunner {
  readonly #parts: TaskRunnerParts;

  constructor(parts: TaskRunnerParts) {
    this.#parts = parts;
  }

  /**
   * @param lastTry no retry follows: a failure is recorded as the agent's result, and thrown too
   * @returns undefined when there was nothing to do
   */
  async run(task: ConsolidationTask, lastTry: boolean): Promise<AgentReport | undefined> {
    const { runId, agentId } = task;
    const { ledger, clock, poolConsolidator } = this.#parts;
    try {
      const before = await ledger.result(runId, agentId);
      if (before && before.result !== 'FAILED') return undefined;
      const run = await ledger.get(runId);
      if (!run || (await this.#isWithdrawn(agentId, run))) return undefined;
      const begun = run.agentId === undefined ? run : await ledger.begin(runId);
      if (!begun) return undefined;
      // The message was sent while the run could still be joined.
      const current = { ...task, asOf: begun.asOf };
      const last = (await ledger.lastRuns([agentId])).get(agentId);
      const { report, lastRun } = await (typeOfPool(agentId) === undefined
        ? this.#runNight(current, last)
        : poolConsolidator.consolidate(current, last));
      if (await this.#isWithdrawn(agentId, run)) return undefined;
      const finishedAt = clock().toISOString();
      const result = { agentId, result: 'CONSOLIDATED', finishedAt, report } as const;
      return (await ledger.record(runId, result, lastRun)) ? report : undefined;
    } catch (error) {
      if (lastTry) await this.#recordFailure(task, error);
      throw error;
    }
  }

  /**
   * Rolls up results first: they are facts, whatever time a run is asked to look at. Then extracts patterns. Memories age
   * last, so that the run learns from a memory before it is shortened or removed. For a deregistered agent only results
   * are rolled up, and its last run stays as it was, for its return.
   */
  async #runNight(task: ConsolidationTask, last: LastRun | undefined): Promise<ConsolidationOutcome> {
    const { rollup, consolidator, ageing, clock, consumed } = this.#parts;
    const startedAt = clock().getTime();
    consumed();
    const rolledUp = await rollup.rollUp(task.agentId);
    const ofRollup = consumed();
    if (task.rollUpOnly) {
      const durationMs = clock().getTime() - startedAt;
      const totals = addUnits(zeroTotals, ofRollup);
      return {
        report: { dryRun: false, totals, pages: 0, durationMs, rolledUpDays: rolledUp.days, types: [] },
      };
    }
    const { report, lastRun } = await consolidator.consolidate(task, last);
    const memories = await ageing.age(task, report.dryRun);
    const totals = addUnits(addUnits(withMemories(report.totals, memories), ofRollup), consumed());
    const durationMs = clock().getTime() - startedAt;
    return {
      report: { ...report, totals, memories, rolledUpDays: rolledUp.days, durationMs },
      ...(lastRun && {
        lastRun: { ...lastRun, ageingMemories: memories.mayChange, touchedDays: rolledUp.waiting },
      }),
    };
  }

  /** @returns true when the agent was erased; the run then does not wait for it */
  async #isWithdrawn(agentId: string, { runId, startedAt }: RunRecord): Promise<boolean> {
    const { ledger, erased } = this.#parts;
    const isErased = await erased.readFor([agentId]);
    if (!isErased(agentId, startedAt)) return false;
    await ledger.withdraw(runId, erased.counting(agentId, runId));
    return true;
  }

  async #recordFailure({ runId, agentId }: ConsolidationTask, error: unknown): Promise<void> {
    const { ledger, clock } = this.#parts;
    const run = await ledger.get(runId);
    if (!run || (await this.#isWithdrawn(agentId, run))) return;
    await ledger.record(runId, {
      agentId,
      result: 'FAILED',
      finishedAt: clock().toISOString(),
      error: String(error).slice(0, MAX_ERROR_LENGTH),
    });
  }
}

const withMemories = (totals: RunTotals, { pruned, compressed }: AgeingReport): RunTotals => ({
  ...totals,
  memoriesPruned: pruned.expired + pruned.irrelevant + pruned.redundant,
  memoriesCompressed: compressed.memories,
});

const addUnits = (totals: RunTotals, { readUnits, writeUnits }: ConsumedUnits): RunTotals => ({
  ...totals,
  readUnits: totals.readUnits + readUnits,
  writeUnits: totals.writeUnits + writeUnits,
});
