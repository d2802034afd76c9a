import type { AgentRegistry } from '../agents/agent-registry.ts';
import { isLive, type Pattern } from '../patterns/pattern.ts';
import type { PatternStore } from '../patterns/pattern-store.ts';
import type { ConsumedUnits } from '../shared/dynamodb/capacity-meter.ts';
import type { Clock } from '../shared/platform/clock.ts';
import { canonicalJson, sha256 } from '../shared/platform/ids.ts';
import { advance, type LifecycleResult, mergeDigests, needsRetest } from './lifecycle.ts';
import { createMiner } from './mining/mine.ts';
import type { Miner, MiningResult } from './mining/types.ts';
import type { OfferReviews } from './offer-review.ts';
import {
  type AgentReport,
  type LastRun,
  type Nearest,
  type RunTotals,
  totalNames,
  type TypeReport,
  zeroTotals,
} from './run.ts';
import { storableFinding } from './storable-finding.ts';
import { type SeenIndex, type Window, windowAt, type WindowCases } from './window-cases.ts';

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

interface ReadWindow {
  readonly miner: Miner;
  readonly decisions: number;
  readonly pages: number;
  readonly truncated: boolean;
}

/** Turns one agent's recent decisions into what is known of it: reads the window, mines it, stores what changed. */
export class AgentConsolidation {
  readonly #registry: AgentRegistry;
  readonly #cases: WindowCases;
  readonly #store: PatternStore;
  readonly #reviews: OfferReviews;
  readonly #clock: Clock;
  readonly #consumed: () => ConsumedUnits;
  readonly #maxDecisions: number;

  constructor(
    registry: AgentRegistry,
    cases: WindowCases,
    store: PatternStore,
    reviews: OfferReviews,
    clock: Clock,
    consumed: () => ConsumedUnits,
    maxDecisions = MAX_DECISIONS,
  ) {
    this.#registry = registry;
    this.#cases = cases;
    this.#store = store;
    this.#reviews = reviews;
    this.#clock = clock;
    this.#consumed = consumed;
    this.#maxDecisions = maxDecisions;
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
    const seen = await this.#cases.seenIn(agentId, window);
    const review = await this.#reviews.begin(agentId);
    const types: TypeReport[] = [];
    let pages = 0;
    let livePatterns = 0;
    for (const decisionType of decisionTypes) {
      const patterns = stored.filter((pattern) => pattern.decisionType === decisionType);
      const read = await this.#read(agentId, decisionType, window, seen);
      const { report, result } = await this.#learn(task, decisionType, patterns, read, dryRun);
      review.test(decisionType, read.miner, report.resolved);
      types.push(report);
      pages += read.pages;
      livePatterns += result.patterns.filter(isLive).length;
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
      ...(!dryRun && { lastRun: { runId, asOf, startedAt: startedAt.toISOString(), livePatterns } }),
    };
  }

  async #read(agentId: string, decisionType: string, window: Window, seen: SeenIndex): Promise<ReadWindow> {
    const miner = createMiner({
      agentId,
      decisionType,
      settings: this.#cases.settings,
      hash: sha256,
    });
    let decisions = 0;
    let pages = 0;
    for await (const page of this.#cases.pages(agentId, decisionType, window)) {
      pages++;
      for (const decision of page.decisions) {
        if (decisions >= this.#maxDecisions) return { miner, decisions, pages, truncated: true };
        decisions++;
        const resolved = this.#cases.caseOf(decision, seen, window.until);
        if (resolved) miner.add(resolved);
      }
    }
    return { miner, decisions, pages, truncated: false };
  }

  async #learn(
    task: ConsolidationTask,
    decisionType: string,
    previous: readonly Pattern[],
    { miner, decisions, truncated }: ReadWindow,
    dryRun: boolean,
  ): Promise<{ report: TypeReport; result: LifecycleResult }> {
    // Those an earlier attempt of this run has ended count as well: every attempt reports the same.
    const known = previous.filter(
      (pattern) => needsRetest(pattern) || (!isLive(pattern) && pattern.statusRunId === task.runId),
    );
    const mined = miner.mine(known);
    const listed = new Set(mined.findings.map(({ patternId }) => patternId));
    const unlisted = previous.filter((pattern) => needsRetest(pattern) && !listed.has(pattern.patternId));
    const promoted = mined.findings.filter(({ verdict }) => verdict === 'promote');
    // Tested by the cut points they were found with; the id is what they are stored under.
    const retested = miner
      .test(unlisted, promoted)
      .map((finding, i) => ({ ...finding, patternId: unlisted[i]!.patternId }));
    const settings = this.#cases.settings;
    const result = advance({ ...task, decisionType, settings, previous, mined, retested });
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
        truncatedPaths: mined.truncatedPaths.slice(0, 50),
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

export function totalsOf(types: readonly TypeReport[], consumed: ConsumedUnits): RunTotals {
  const totals: Record<string, number> = { ...zeroTotals, ...consumed };
  for (const type of types)
    for (const name of totalNames)
      if (name !== 'readUnits' && name !== 'writeUnits') totals[name] = totals[name]! + type[name];
  return totals as unknown as RunTotals;
}
