import type { AgentRegistry } from '../agents/agent-registry.ts';
import { isLive, type Pattern } from '../patterns/pattern.ts';
import type { PatternStore } from '../patterns/pattern-store.ts';
import type { ConsumedUnits } from '../shared/dynamodb/capacity-meter.ts';
import type { Clock } from '../shared/platform/clock.ts';
import { canonicalJson } from '../shared/platform/ids.ts';
import { CaseReading, type ReadCases } from './case-reading.ts';
import { isDecaying } from './dormancy.ts';
import { learnFrom } from './learning.ts';
import { type LifecycleResult, mergeDigests } from './lifecycle.ts';
import { beforeOf, lookedAtBefore } from './looked-at.ts';
import type { Count } from './mining/search.ts';
import type { MiningResult } from './mining/types.ts';
import type { OfferReviews } from './offer-review.ts';
import {
  type AgentReport,
  type LastRun,
  type Nearest,
  type RunTotals,
  type TypeReport,
  typeTotalNames,
  zeroTotals,
} from './run.ts';
import { storableFinding } from './storable-finding.ts';
import { windowAt, type WindowCases } from './window-cases.ts';

export interface ConsolidationTask {
  readonly runId: string;
  /** An agent, or `type:` and an agent type: what its agents know together. */
  readonly agentId: string;
  readonly asOf: string;
}

export interface ConsolidationOutcome {
  readonly report: AgentReport;
  /** What the agent's next run is measured by; absent when nothing was stored. */
  readonly lastRun?: LastRun;
}

/** Decisions of one type a run takes, the newest: 1 M features fit the worker's memory. */
export const MAX_DECISIONS = 1_000_000;
/** Rejected conjunctions a report names. */
const MAX_NEAREST = 5;

/** Turns one agent's recent decisions into what is known of it: reads the window, mines it, stores what changed. */
export class AgentConsolidation {
  readonly #registry: AgentRegistry;
  readonly #cases: WindowCases;
  readonly #store: PatternStore;
  readonly #reviews: OfferReviews;
  readonly #clock: Clock;
  readonly #consumed: () => ConsumedUnits;
  readonly #maxDecisions: number;
  readonly #count: Count | undefined;

  constructor(
    registry: AgentRegistry,
    cases: WindowCases,
    store: PatternStore,
    reviews: OfferReviews,
    clock: Clock,
    consumed: () => ConsumedUnits,
    maxDecisions = MAX_DECISIONS,
    count?: Count,
  ) {
    this.#registry = registry;
    this.#cases = cases;
    this.#store = store;
    this.#reviews = reviews;
    this.#clock = clock;
    this.#consumed = consumed;
    this.#maxDecisions = maxDecisions;
    this.#count = count;
  }

  /**
   * The verdict is a function of the window, of the patterns before it and of `asOf`: the same task twice changes
   * nothing the second time, and one that was cut short is simply done again.
   * @param previous the agent's last completed run; a task that looks further back is computed but not stored
   */
  async consolidate(task: ConsolidationTask, previous: LastRun | undefined): Promise<ConsolidationOutcome> {
    const startedAt = this.#clock();
    this.#consumed();
    const { agentId, asOf, runId } = task;
    const dryRun = previous !== undefined && asOf < previous.asOf;
    const window = windowAt(asOf);
    const stored = await this.#store.ofAgent(agentId);
    const decisionTypes = [
      ...new Set([
        ...(await this.#registry.decisionTypes(agentId)),
        ...stored.map(({ decisionType }) => decisionType),
      ]),
    ].sort();
    const lookedAt = lookedAtBefore(asOf, previous);
    const asked = stored.flatMap(({ conditions }) => conditions.map(({ path }) => path));
    const reading = new CaseReading(
      this.#cases,
      agentId,
      window,
      asked,
      this.#maxDecisions,
      lookedAt,
      this.#count,
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
    return {
      report: {
        dryRun,
        totals: totalsOf(types, this.#consumed()),
        pages,
        durationMs: this.#clock().getTime() - startedAt.getTime(),
        types,
      },
      ...(!dryRun && {
        lastRun: {
          runId,
          asOf,
          startedAt: startedAt.toISOString(),
          livePatterns,
          ...beforeOf(lookedAt),
        },
      }),
    };
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
    const { mined, result } = learnFrom(miner, { ...task, decisionType, settings, previous, newShare }, uses);
    if (!dryRun) await saveLearned(this.#store, task, result);
    return {
      result,
      report: {
        decisionType,
        decisions,
        resolved: mined.resolved,
        tested: mined.tested,
        ...countsOf(task, result),
        dropped: result.dropped.length,
        truncated,
        truncatedPaths: [...truncatedSequences, ...mined.truncatedPaths].slice(0, 50),
        ...(mined.limits && { limits: mined.limits }),
        rejected: mined.rejected,
        nearest: nearestOf(decisionType, mined),
      },
    };
  }
}

/** Digests before the row they belong to: a run that finds the row current can rely on its digests. */
export async function saveLearned(
  store: PatternStore,
  { agentId, asOf }: ConsolidationTask,
  result: LifecycleResult,
): Promise<void> {
  const { after: windowAfter } = windowAt(asOf);
  const changes = new Map(result.changes.map((change) => [change.after.patternId, change]));
  for (const { pattern, current } of result.evidence) {
    const kept = await store.digests(agentId, pattern.patternId);
    const merged = mergeDigests(kept, current, windowAfter);
    if (canonicalJson(merged) !== canonicalJson(kept))
      await store.saveDigests(agentId, pattern.patternId, merged);
  }
  for (const { after, before } of changes.values()) await store.save(after, before);
  for (const pattern of result.dropped) await store.drop(pattern);
}

/**
 * `promoted` and `demoted` are read off the patterns themselves, so a run that was killed and done again reports what
 * it changed in all; `updated` and `dropped` count what the last attempt wrote.
 */
export function countsOf({ runId }: ConsolidationTask, { patterns, changes }: LifecycleResult) {
  const byThisRun = patterns.filter(({ statusRunId }) => statusRunId === runId);
  return {
    promoted: byThisRun.filter(({ status }) => status === 'promoted').length,
    updated: changes.filter(({ before, after }) => before && before.status === after.status).length,
    demoted: byThisRun.filter(({ status }) => ['suspect', 'retired', 'dormant'].includes(status)).length,
  };
}

export function nearestOf(decisionType: string, { findings }: MiningResult): Nearest[] {
  return findings
    .filter(({ verdict }) => verdict === 'reject')
    .sort((a, b) => (a.numbers.qValue ?? 1) - (b.numbers.qValue ?? 1))
    .slice(0, MAX_NEAREST)
    .map(storableFinding)
    .map(({ patternId, description, reason, numbers: { n, rate, baseline, pValue, qValue } }) => ({
      decisionType,
      patternId,
      description,
      reason,
      n,
      rate,
      baseline,
      pValue,
      qValue,
    }));
}

/** Sums over the decision types; what was done to memories is not among it. */
export function totalsOf(types: readonly TypeReport[], consumed: ConsumedUnits): RunTotals {
  const totals: Record<string, number> = { ...zeroTotals, ...consumed };
  for (const type of types) for (const name of typeTotalNames) totals[name] = totals[name]! + type[name];
  return totals as unknown as RunTotals;
}
