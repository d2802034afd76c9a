import { typeOfPool } from '../shared/schema/owners.ts';
import type { Clock } from '../shared/platform/clock.ts';
import type { AgentConsolidation } from './agent-consolidation.ts';
import type { PooledConsolidation } from './pooled-consolidation.ts';
import type { AgentReport } from './run.ts';
import type { RunLedger } from './run-ledger.ts';
import type { ConsolidationTask } from './run-outcome.ts';

const MAX_ERROR_LENGTH = 500;

/** One agent, or one pool, of one run, once: a task that comes again finds its result and does nothing. */
export class TaskRunner {
  readonly #ledger: RunLedger;
  readonly #consolidation: AgentConsolidation;
  readonly #pooled: PooledConsolidation;
  readonly #clock: Clock;

  constructor(
    ledger: RunLedger,
    consolidation: AgentConsolidation,
    pooled: PooledConsolidation,
    clock: Clock,
  ) {
    this.#ledger = ledger;
    this.#consolidation = consolidation;
    this.#pooled = pooled;
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
      const consolidation = typeOfPool(agentId) === undefined ? this.#consolidation : this.#pooled;
      const { report, lastRun } = await consolidation.consolidate(task, last);
      const finishedAt = this.#clock().toISOString();
      const result = { agentId, result: 'CONSOLIDATED', finishedAt, report } as const;
      return (await this.#ledger.record(runId, result, lastRun)) ? report : undefined;
    } catch (error) {
      if (lastTry) await this.#recordFailure(task, error);
      throw error;
    }
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
