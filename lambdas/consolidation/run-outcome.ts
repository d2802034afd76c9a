import type { PatternStore } from '../patterns/pattern-store.ts';
import type { ConsumedUnits } from '../shared/dynamodb/capacity-meter.ts';
import { canonicalJson } from '../shared/platform/ids.ts';
import type { Learned } from '../patterns/lifecycle/learning.ts';
import { type LifecycleResult, mergeDigests } from '../patterns/lifecycle/lifecycle.ts';
import { beforeOf } from './previous-run.ts';
import type { PreviousLook } from '../cases/new-decisions.ts';
import type { MiningResult } from '../mining/types.ts';
import {
  type AgentReport,
  type LastRun,
  type Nearest,
  type RunTotals,
  type TypeReport,
  typeTotalNames,
  zeroTotals,
} from './run.ts';
import { storableFinding } from '../patterns/lifecycle/storable-finding.ts';
import { windowAt } from '../cases/window-cases.ts';

export interface ConsolidationTask {
  readonly runId: string;
  /** An agent, or `type:` and an agent type: what its agents know together. */
  readonly agentId: string;
  readonly asOf: string;
  /** Nothing but results: it is deregistered. */
  readonly rollUpOnly?: true | undefined;
}

export interface ConsolidationOutcome {
  readonly report: AgentReport;
  /** What the agent's next run is measured by; absent when nothing was stored. */
  readonly lastRun?: LastRun;
}

/** Rejected conjunctions a report names. */
const MAX_NEAREST = 5;
/** Paths a report names of which not everything was tested. */
const MAX_TRUNCATED_PATHS = 50;

export interface Finished {
  readonly task: ConsolidationTask;
  readonly previousLook: PreviousLook | undefined;
  readonly startedAt: Date;
  readonly now: Date;
  readonly dryRun: boolean;
  readonly totals: RunTotals;
  readonly pages: number;
  readonly types: TypeReport[];
  /** Patterns a later run may change though nothing happened. */
  readonly livePatterns: number;
}

/** What a finished consolidation reports and leaves for the next; a dry run leaves nothing. */
export function outcomeOf(finished: Finished): ConsolidationOutcome {
  const { task, previousLook, startedAt, now, dryRun, totals, pages, types, livePatterns } = finished;
  const { runId, asOf } = task;
  return {
    report: { dryRun, totals, pages, durationMs: now.getTime() - startedAt.getTime(), types },
    ...(!dryRun && {
      lastRun: { runId, asOf, startedAt: startedAt.toISOString(), livePatterns, ...beforeOf(previousLook) },
    }),
  };
}

/** What a run says of one decision type. */
export const reportOf = (
  task: ConsolidationTask,
  decisionType: string,
  read: Pick<TypeReport, 'decisions' | 'truncated'> & { readonly truncatedPaths: readonly string[] },
  { mined, result }: Learned,
): TypeReport => ({
  decisionType,
  decisions: read.decisions,
  resolved: mined.resolved,
  tested: mined.tested,
  ...countsOf(task, result),
  dropped: result.dropped.length,
  truncated: read.truncated,
  truncatedPaths: read.truncatedPaths.slice(0, MAX_TRUNCATED_PATHS),
  ...(mined.limits && { limits: mined.limits }),
  rejected: mined.rejected,
  nearest: nearestOf(decisionType, mined),
});

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
function countsOf({ runId }: ConsolidationTask, { patterns, changes }: LifecycleResult) {
  const byThisRun = patterns.filter(({ statusRunId }) => statusRunId === runId);
  return {
    promoted: byThisRun.filter(({ status }) => status === 'promoted').length,
    updated: changes.filter(({ before, after }) => before && before.status === after.status).length,
    demoted: byThisRun.filter(({ status }) => ['suspect', 'retired', 'dormant'].includes(status)).length,
    retired: byThisRun.filter(({ status }) => status === 'retired').length,
    confidence: meanConfidence(patterns.filter(({ status }) => status === 'promoted')),
  };
}

const meanConfidence = (patterns: readonly { readonly confidence: number }[]): number | null =>
  patterns.length === 0
    ? null
    : patterns.reduce((sum, { confidence }) => sum + confidence, 0) / patterns.length;

function nearestOf(decisionType: string, { findings }: MiningResult): Nearest[] {
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
