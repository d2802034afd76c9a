import type { AgentRegistry } from '../agents/agent-registry.ts';
import { isLive, type Pattern } from '../patterns/pattern.ts';
import type { PatternStore } from '../patterns/pattern-store.ts';
import type { ConsumedUnits } from '../shared/dynamodb/capacity-meter.ts';
import type { Clock } from '../shared/platform/clock.ts';
import { CaseReading, type ReadCases } from '../cases/case-reading.ts';
import { isDecaying } from '../patterns/lifecycle/dormancy.ts';
import { learnFrom } from '../patterns/lifecycle/learning.ts';
import type { LifecycleResult } from '../patterns/lifecycle/lifecycle.ts';
import type { LifecycleSettings } from '../patterns/lifecycle/lifecycle-settings.ts';
import { previousRunBefore } from './previous-run.ts';
import type { Count } from '../mining/search/search.ts';
import type { OfferReviews } from '../patterns/lifecycle/offer-review.ts';
import type { LastRun, TypeReport } from './run.ts';
import {
  type ConsolidationOutcome,
  type ConsolidationTask,
  outcomeOf,
  reportOf,
  saveLearned,
  totalsOf,
} from './run-outcome.ts';
import { windowAt, type WindowCases } from '../cases/window-cases.ts';

/** Decisions of one type a run takes, the newest: 1 M features fit the worker's memory. */
export const MAX_DECISIONS = 1_000_000;
export interface AgentConsolidationOptions {
  /** @default MAX_DECISIONS */
  readonly maxDecisions?: number;
  /** How conjunctions are counted. @default in this thread */
  readonly count?: Count;
  /** @default defaultLifecycleSettings */
  readonly lifecycle?: LifecycleSettings | undefined;
}

/** Turns one agent's recent decisions into what is known of it: reads the window, mines it, stores what changed. */
export class AgentConsolidation {
  readonly #registry: AgentRegistry;
  readonly #cases: WindowCases;
  readonly #store: PatternStore;
  readonly #reviews: OfferReviews;
  readonly #clock: Clock;
  readonly #consumed: () => ConsumedUnits;
  readonly #options: AgentConsolidationOptions;
  readonly #maxDecisions: number;

  constructor(
    registry: AgentRegistry,
    cases: WindowCases,
    store: PatternStore,
    reviews: OfferReviews,
    clock: Clock,
    consumed: () => ConsumedUnits,
    options: AgentConsolidationOptions = {},
  ) {
    this.#registry = registry;
    this.#cases = cases;
    this.#store = store;
    this.#reviews = reviews;
    this.#clock = clock;
    this.#consumed = consumed;
    this.#options = options;
    this.#maxDecisions = options.maxDecisions ?? MAX_DECISIONS;
  }

  /**
   * The verdict is a function of the window, of the patterns before it and of `asOf`: the same task twice changes
   * nothing the second time, and one that was cut short is simply done again.
   * @param previous the agent's last completed run; a task that looks further back is computed but not stored
   */
  async consolidate(task: ConsolidationTask, previous: LastRun | undefined): Promise<ConsolidationOutcome> {
    const startedAt = this.#clock();
    this.#consumed();
    const { agentId, asOf } = task;
    const dryRun = previous !== undefined && asOf < previous.asOf;
    const window = windowAt(asOf);
    const stored = await this.#store.ofAgent(agentId);
    const decisionTypes = [
      ...new Set([
        ...(await this.#registry.decisionTypes(agentId)),
        ...stored.map(({ decisionType }) => decisionType),
      ]),
    ].sort();
    const previousLook = previousRunBefore(asOf, previous);
    const asked = stored.flatMap(({ conditions }) => conditions.map(({ path }) => path));
    const reading = new CaseReading(
      this.#cases,
      agentId,
      window,
      asked,
      this.#maxDecisions,
      previousLook,
      this.#options.count,
    );
    const { seen, reads, truncated } = await this.#readAll(reading, decisionTypes);
    const review = await this.#reviews.begin(agentId);
    const types: TypeReport[] = [];
    let pages = 0;
    let livePatterns = 0;
    for (const decisionType of decisionTypes) {
      const patterns = stored.filter((pattern) => pattern.decisionType === decisionType);
      const read = reads.get(decisionType) ?? (await reading.read(decisionType, seen));
      reads.delete(decisionType);
      reading.complete(read);
      const { report, result } = await this.#learn(task, decisionType, patterns, read, truncated, dryRun);
      review.test(decisionType, read.miner, report.resolved);
      types.push(report);
      pages += read.pages;
      livePatterns += result.patterns.filter((pattern) => isLive(pattern) || isDecaying(pattern)).length;
    }
    if (!dryRun) await review.save(task, this.#cases.settings.minOccurrences);
    livePatterns += review.size;
    const totals = totalsOf(types, this.#consumed());
    return outcomeOf({
      task,
      previousLook,
      startedAt,
      now: this.#clock(),
      dryRun,
      totals,
      pages,
      types,
      livePatterns,
    });
  }

  /**
   * Every type is read before one is mined: what its decisions came after may be of any type. Where all of them
   * together are more than one type may have, none is kept, and each is read once more when its turn comes.
   */
  async #readAll(reading: CaseReading, decisionTypes: readonly string[]) {
    const seen = await reading.seen();
    const reads = new Map<string, ReadCases>();
    let decisions = 0;
    for (const decisionType of decisionTypes) {
      const read = await reading.read(decisionType, seen);
      decisions += read.decisions;
      if (decisions > this.#maxDecisions) reads.clear();
      else reads.set(decisionType, read);
    }
    const truncated = await reading.readOthers((agentId) => this.#registry.decisionTypes(agentId));
    return { seen, reads, truncated };
  }

  async #learn(
    task: ConsolidationTask,
    decisionType: string,
    previous: readonly Pattern[],
    { miner, uses, decisions, truncated, newShare }: ReadCases,
    truncatedSequences: readonly string[],
    dryRun: boolean,
  ): Promise<{ report: TypeReport; result: LifecycleResult }> {
    const settings = this.#cases.settings;
    const { lifecycle } = this.#options;
    const input = { ...task, decisionType, settings, lifecycle, previous, newShare };
    const learned = learnFrom(miner, input, uses);
    if (!dryRun) await saveLearned(this.#store, task, learned.result);
    const truncatedPaths = [...truncatedSequences, ...learned.mined.truncatedPaths];
    return {
      result: learned.result,
      report: reportOf(task, decisionType, { decisions, truncated, truncatedPaths }, learned),
    };
  }
}
