import type { AgentAgeing } from '../memories/ageing/agent-ageing.ts';
import type { AgeingReport } from '../memories/ageing/report.ts';
import type { ConsumedUnits } from '../shared/dynamodb/capacity-meter.ts';
import { typeOfPool } from '../shared/schema/owners.ts';
import type { Clock } from '../shared/platform/clock.ts';
import type { AgentConsolidation } from './agent-consolidation.ts';
import type { PooledConsolidation } from './pooled-consolidation.ts';
import type { AgentReport, LastRun } from './run.ts';
import type { RunLedger } from './run-ledger.ts';
import type { ConsolidationOutcome, ConsolidationTask } from './run-outcome.ts';

const MAX_ERROR_LENGTH = 500;

/** One agent, or one pool, of one run, once: a task that comes again finds its result and does nothing. */
export class TaskRunner {
  readonly #ledger: RunLedger;
  readonly #consolidation: AgentConsolidation;
  readonly #pooled: PooledConsolidation;
  readonly #ageing: AgentAgeing;
  readonly #clock: Clock;
  readonly #consumed: () => ConsumedUnits;

  constructor(
    ledger: RunLedger,
    consolidation: AgentConsolidation,
    pooled: PooledConsolidation,
    ageing: AgentAgeing,
    clock: Clock,
    consumed: () => ConsumedUnits,
  ) {
    this.#ledger = ledger;
    this.#consolidation = consolidation;
    this.#pooled = pooled;
    this.#ageing = ageing;
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
      if (!(await this.#ledger.get(runId))) return undefined;
      const last = (await this.#ledger.lastRuns([agentId])).get(agentId);
      const { report, lastRun } = await (typeOfPool(agentId) === undefined
        ? this.#consolidateAgent(task, last)
        : this.#pooled.consolidate(task, last));
      const finishedAt = this.#clock().toISOString();
      const result = { agentId, result: 'CONSOLIDATED', finishedAt, report } as const;
      return (await this.#ledger.record(runId, result, lastRun)) ? report : undefined;
    } catch (error) {
      if (lastTry) await this.#recordFailure(task, error);
      throw error;
    }
  }

  /** Patterns are extracted first: what a memory taught is learned before the memory is shortened or goes. */
  async #consolidateAgent(task: ConsolidationTask, last: LastRun | undefined): Promise<ConsolidationOutcome> {
    const startedAt = this.#clock().getTime();
    const { report, lastRun } = await this.#consolidation.consolidate(task, last);
    const memories = await this.#ageing.age(task, report.dryRun);
    const durationMs = this.#clock().getTime() - startedAt;
    return {
      report: { ...withMemories(report, memories, this.#consumed()), durationMs },
      ...(lastRun && { lastRun: { ...lastRun, ageingMemories: memories.mayChange } }),
    };
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

function withMemories(report: AgentReport, memories: AgeingReport, units: ConsumedUnits): AgentReport {
  const { pruned, compressed } = memories;
  return {
    ...report,
    memories,
    totals: {
      ...report.totals,
      memoriesPruned: pruned.expired + pruned.irrelevant + pruned.redundant,
      memoriesCompressed: compressed.memories,
      readUnits: report.totals.readUnits + units.readUnits,
      writeUnits: report.totals.writeUnits + units.writeUnits,
    },
  };
}
