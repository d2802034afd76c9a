import type { ErasedMarks } from '../shared/erased-marks.ts';
import type { AgentAgeing } from '../memories/ageing/agent-ageing.ts';
import type { AgeingReport } from '../memories/ageing/report.ts';
import type { NightlyRollup } from '../results/nightly-rollup.ts';
import type { ConsumedUnits } from '../shared/dynamodb/capacity-meter.ts';
import { typeOfPool } from '../shared/schema/owners.ts';
import type { Clock } from '../shared/platform/clock.ts';
import type { AgentConsolidation } from './consolidate-agent.ts';
import type { PooledConsolidation } from './consolidate-pool.ts';
import { type AgentReport, type LastRun, type RunRecord, type RunTotals, zeroTotals } from './run.ts';
import type { RunLedger } from './run-ledger.ts';
import type { ConsolidationOutcome, ConsolidationTask } from './run-outcome.ts';

const MAX_ERROR_LENGTH = 500;

/** What a night does to one agent, in this order; see TaskRunner. */
export interface NightlyWork {
  readonly rollup: NightlyRollup;
  readonly consolidation: AgentConsolidation;
  readonly ageing: AgentAgeing;
  /** Of an agent type. */
  readonly pooled: PooledConsolidation;
}

/**
 * One agent, or one pool, of one run, once: a task that comes again finds its result and does nothing. An agent that is
 * being erased, or was after the run began, is left alone; one that is erased while it is worked on gets no result, and
 * what was written of it is found by the erasure, which waits for runs that are under way.
 */
export class TaskRunner {
  readonly #ledger: RunLedger;
  readonly #erased: ErasedMarks;
  readonly #work: NightlyWork;
  readonly #clock: Clock;
  readonly #consumed: () => ConsumedUnits;

  constructor(
    ledger: RunLedger,
    erased: ErasedMarks,
    work: NightlyWork,
    clock: Clock,
    consumed: () => ConsumedUnits,
  ) {
    this.#ledger = ledger;
    this.#erased = erased;
    this.#work = work;
    this.#clock = clock;
    this.#consumed = consumed;
  }

  /**
   * @param lastTry nobody will try again: a failure is recorded as the agent's result, and thrown all the same
   * @returns undefined when there was nothing to do
   */
  async run(task: ConsolidationTask, lastTry: boolean): Promise<AgentReport | undefined> {
    const { runId, agentId } = task;
    try {
      const before = await this.#ledger.result(runId, agentId);
      if (before && before.result !== 'FAILED') return undefined;
      const run = await this.#ledger.get(runId);
      if (!run || (await this.#isWithdrawn(agentId, run))) return undefined;
      const last = (await this.#ledger.lastRuns([agentId])).get(agentId);
      const { report, lastRun } = await (typeOfPool(agentId) === undefined
        ? this.#liveThroughNight(task, last)
        : this.#work.pooled.consolidate(task, last));
      if (await this.#isWithdrawn(agentId, run)) return undefined;
      const finishedAt = this.#clock().toISOString();
      const result = { agentId, result: 'CONSOLIDATED', finishedAt, report } as const;
      return (await this.#ledger.record(runId, result, lastRun)) ? report : undefined;
    } catch (error) {
      if (lastTry) await this.#recordFailure(task, error);
      throw error;
    }
  }

  /**
   * Results are facts, whatever a run was asked to look at: the days that changed are rolled up by each. Then patterns
   * are extracted, and memories age last: what a memory taught is learned before it is shortened or goes. Of an agent
   * that is deregistered results are all that is looked after, and its last run stays what it was, for when it is back.
   */
  async #liveThroughNight(task: ConsolidationTask, last: LastRun | undefined): Promise<ConsolidationOutcome> {
    const startedAt = this.#clock().getTime();
    const { rollup, consolidation, ageing } = this.#work;
    this.#consumed();
    const rolledUp = await rollup.rollUp(task.agentId);
    const ofRollup = this.#consumed();
    if (task.rollUpOnly) {
      const durationMs = this.#clock().getTime() - startedAt;
      const totals = addUnits(zeroTotals, ofRollup);
      return {
        report: { dryRun: false, totals, pages: 0, durationMs, rolledUpDays: rolledUp.days, types: [] },
      };
    }
    const { report, lastRun } = await consolidation.consolidate(task, last);
    const memories = await ageing.age(task, report.dryRun);
    const totals = addUnits(addUnits(withMemories(report.totals, memories), ofRollup), this.#consumed());
    const durationMs = this.#clock().getTime() - startedAt;
    return {
      report: { ...report, totals, memories, rolledUpDays: rolledUp.days, durationMs },
      ...(lastRun && {
        lastRun: { ...lastRun, ageingMemories: memories.mayChange, touchedDays: rolledUp.waiting },
      }),
    };
  }

  /** Whether it was erased; then the run does not wait for it. */
  async #isWithdrawn(agentId: string, { runId, startedAt }: RunRecord): Promise<boolean> {
    const isErased = await this.#erased.of([agentId]);
    if (!isErased(agentId, startedAt)) return false;
    await this.#ledger.withdraw(runId, this.#erased.counting(agentId, runId));
    return true;
  }

  async #recordFailure({ runId, agentId }: ConsolidationTask, error: unknown): Promise<void> {
    const run = await this.#ledger.get(runId);
    if (!run || (await this.#isWithdrawn(agentId, run))) return;
    await this.#ledger.record(runId, {
      agentId,
      result: 'FAILED',
      finishedAt: this.#clock().toISOString(),
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
