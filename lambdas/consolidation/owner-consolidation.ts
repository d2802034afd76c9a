import type { PreviousLook } from '../cases/new-decisions.ts';
import { type Window, windowAt, type WindowCases } from '../cases/window-cases.ts';
import { isDecaying } from '../patterns/lifecycle/dormancy.ts';
import type { Learned, LearningInput } from '../patterns/lifecycle/learning.ts';
import { type LifecycleResult, mergeDigests } from '../patterns/lifecycle/lifecycle.ts';
import type { LifecycleSettings } from '../patterns/lifecycle/lifecycle-settings.ts';
import { isLive, type Pattern } from '../patterns/pattern.ts';
import type { PatternStore } from '../patterns/pattern-store.ts';
import type { ConsumedUnits } from '../shared/dynamodb/capacity-meter.ts';
import type { Clock } from '../shared/platform/clock.ts';
import { canonicalJson } from '../shared/platform/ids.ts';
import type { AgentReport, RunTotals, TypeReport } from './contract.ts';
import type { LastRun } from './run.ts';
import { reportOf, totalsOf, type TypeRead } from './type-report.ts';
import type { ConsolidationTask } from './work-queue.ts';

export interface OwnerConsolidationParts {
  readonly cases: WindowCases;
  readonly store: PatternStore;
  readonly clock: Clock;
  readonly consumed: () => ConsumedUnits;
  /** @default defaultLifecycleSettings */
  readonly lifecycle?: LifecycleSettings | undefined;
}

export interface ConsolidationOutcome {
  readonly report: AgentReport;
  /** Record of this run for the next one; absent when nothing was stored. */
  readonly lastRun?: LastRun;
}

/**
 * One run of one owner, an agent or a pool, with all that both do alike: it knows the patterns before the run, stores
 * the changes of each decision type, and reports them.
 */
export class OwnerConsolidation {
  readonly task: ConsolidationTask;
  readonly window: Window;
  /** Patterns of the owner before the run. */
  readonly stored: readonly Pattern[];
  /** The last run that looked at less; undefined: there was none. */
  readonly previousLook: PreviousLook | undefined;
  /** The task looks further back than the last run: everything is computed and nothing is stored. */
  readonly dryRun: boolean;
  readonly #parts: OwnerConsolidationParts;
  readonly #startedAt: Date;
  readonly #types: TypeReport[] = [];
  #pages = 0;
  #livePatterns = 0;

  private constructor(
    parts: OwnerConsolidationParts,
    task: ConsolidationTask,
    previous: LastRun | undefined,
    startedAt: Date,
    stored: readonly Pattern[],
  ) {
    this.task = task;
    this.window = windowAt(task.asOf);
    this.stored = stored;
    this.previousLook = previousRunBefore(task.asOf, previous);
    this.dryRun = previous !== undefined && task.asOf < previous.asOf;
    this.#parts = parts;
    this.#startedAt = startedAt;
  }

  /** @param previous the owner's last completed run */
  static async begin(
    parts: OwnerConsolidationParts,
    task: ConsolidationTask,
    previous: LastRun | undefined,
  ): Promise<OwnerConsolidation> {
    const startedAt = parts.clock();
    parts.consumed();
    const stored = await parts.store.ofAgent(task.agentId);
    return new OwnerConsolidation(parts, task, previous, startedAt, stored);
  }

  patternsOf(decisionType: string): Pattern[] {
    return this.stored.filter((pattern) => pattern.decisionType === decisionType);
  }

  /** Input for learning one decision type. @param newShare of its cases, which no earlier run has seen */
  learningInput(decisionType: string, newShare: number): LearningInput {
    const { cases, lifecycle } = this.#parts;
    const previous = this.patternsOf(decisionType);
    return { ...this.task, decisionType, settings: cases.settings, lifecycle, previous, newShare };
  }

  /** Stores the changes of a decision type, unless this is a dry run, and adds them to the report. */
  async keep(decisionType: string, read: TypeRead, learned: Learned): Promise<TypeReport> {
    if (!this.dryRun) await this.#save(learned.result);
    const report = reportOf(this.task, decisionType, read, learned);
    this.#types.push(report);
    this.#pages += read.pages;
    this.#livePatterns += learned.result.patterns.filter(
      (pattern) => isLive(pattern) || isDecaying(pattern),
    ).length;
    return report;
  }

  /**
   * The report, and the record for the next run; a dry run leaves none.
   * @param moreLivePatterns patterns of others that a later run may change though nothing happened
   * @param totals in place of the sums
   */
  outcome({ moreLivePatterns = 0, totals = {} }: OutcomeOptions = {}): ConsolidationOutcome {
    const { runId, asOf } = this.task;
    const types = this.#types;
    const startedAt = this.#startedAt;
    return {
      report: {
        dryRun: this.dryRun,
        totals: { ...totalsOf(types, this.#parts.consumed()), ...totals },
        pages: this.#pages,
        durationMs: this.#parts.clock().getTime() - startedAt.getTime(),
        types,
      },
      ...(!this.dryRun && {
        lastRun: {
          runId,
          asOf,
          startedAt: startedAt.toISOString(),
          livePatterns: this.#livePatterns + moreLivePatterns,
          ...beforeOf(this.previousLook),
        },
      }),
    };
  }

  /** Writes digests before the row they belong to. A run that finds the row current can then rely on its digests. */
  async #save(result: LifecycleResult): Promise<void> {
    const { store } = this.#parts;
    const { agentId } = this.task;
    const changes = new Map(result.changes.map((change) => [change.after.patternId, change]));
    for (const { pattern, current } of result.evidence) {
      const kept = await store.digests(agentId, pattern.patternId);
      const merged = mergeDigests(kept, current, this.window.after);
      if (canonicalJson(merged) !== canonicalJson(kept))
        await store.saveDigests(agentId, pattern.patternId, merged);
    }
    for (const { after, before } of changes.values()) await store.save(after, before);
    for (const pattern of result.dropped) await store.drop(pattern);
  }
}

interface OutcomeOptions {
  readonly moreLivePatterns?: number;
  readonly totals?: Partial<RunTotals>;
}

/**
 * The last run that looked at less than one at `asOf`; undefined when none is known. A repeated run gets the same answer
 * as its first attempt, so it spends no more and no less of the error level.
 */
export const previousRunBefore = (asOf: string, previous: LastRun | undefined): PreviousLook | undefined =>
  [previous, previous?.before].find((run) => run !== undefined && run.asOf < asOf);

/** The part of it that a run's own record keeps. */
const beforeOf = (previousLook: PreviousLook | undefined): Pick<LastRun, 'before'> =>
  previousLook ? { before: { asOf: previousLook.asOf, startedAt: previousLook.startedAt } } : {};
