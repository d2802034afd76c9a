import type { NightlyRollup, RolledUp } from '../performance/nightly-rollup.ts';
import type { ConsumedUnits } from '../shared/dynamodb/capacity-meter.ts';
import { typeOfPool } from '../shared/schema/owners.ts';
import type { Clock } from '../shared/platform/clock.ts';
import type { AgentConsolidation } from './agent-consolidation.ts';
import type { PooledConsolidation } from './pooled-consolidation.ts';
import type { AgentReport } from './run.ts';
import type { RunLedger } from './run-ledger.ts';
import type { ConsolidationOutcome, ConsolidationTask } from './run-outcome.ts';

const MAX_ERROR_LENGTH = 500;

/** One agent, or one pool, of one run, once: a task that comes again finds its result and does nothing. */
export class TaskRunner {
  readonly #ledger: RunLedger;
  readonly #consolidation: AgentConsolidation;
  readonly #pooled: PooledConsolidation;
  readonly #rollup: NightlyRollup;
  readonly #consumed: () => ConsumedUnits;
  readonly #clock: Clock;

  constructor(
    ledger: RunLedger,
    consolidation: AgentConsolidation,
    pooled: PooledConsolidation,
    rollup: NightlyRollup,
    consumed: () => ConsumedUnits,
    clock: Clock,
  ) {
    this.#ledger = ledger;
    this.#consolidation = consolidation;
    this.#pooled = pooled;
    this.#rollup = rollup;
    this.#consumed = consumed;
    this.#clock = clock;
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
      if (!(await this.#ledger.get(runId))) return undefined;
      const last = (await this.#ledger.lastRuns([agentId])).get(agentId);
      const isAgent = typeOfPool(agentId) === undefined;
      const consolidation = isAgent ? this.#consolidation : this.#pooled;
      const rollUp = isAgent ? await this.#rollUp(agentId) : undefined;
      const { report, lastRun } = withRollUp(await consolidation.consolidate(task, last), rollUp);
      const finishedAt = this.#clock().toISOString();
      const result = { agentId, result: 'CONSOLIDATED', finishedAt, report } as const;
      return (await this.#ledger.record(runId, result, lastRun)) ? report : undefined;
    } catch (error) {
      if (lastTry) await this.#recordFailure(task, error);
      throw error;
    }
  }

  /** Results are facts, whatever a run was asked to look at: the days that changed are rolled up by each. */
  async #rollUp(agentId: string): Promise<RolledUp & ConsumedUnits> {
    this.#consumed();
    return { ...(await this.#rollup.rollUp(agentId)), ...this.#consumed() };
  }

  async #recordFailure({ runId, agentId }: ConsolidationTask, error: unknown): Promise<void> {
    await this.#ledger.record(runId, {
      agentId,
      result: 'FAILED',
      finishedAt: this.#clock().toISOString(),
      error: String(error).slice(0, MAX_ERROR_LENGTH),
    });
  }
}

function withRollUp(
  { report, lastRun }: ConsolidationOutcome,
  rollUp: (RolledUp & ConsumedUnits) | undefined,
): ConsolidationOutcome {
  if (!rollUp) return { report, ...(lastRun && { lastRun }) };
  const { totals } = report;
  return {
    report: {
      ...report,
      totals: {
        ...totals,
        readUnits: totals.readUnits + rollUp.readUnits,
        writeUnits: totals.writeUnits + rollUp.writeUnits,
      },
      rolledUpDays: rollUp.days,
    },
    ...(lastRun && { lastRun: { ...lastRun, touchedDays: rollUp.waiting } }),
  };
}
