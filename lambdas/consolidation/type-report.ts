import type { MiningResult } from '../mining/types.ts';
import type { Learned } from '../patterns/lifecycle/learning.ts';
import type { LifecycleResult } from '../patterns/lifecycle/lifecycle.ts';
import { storableFinding } from '../patterns/lifecycle/storable-finding.ts';
import type { ConsumedUnits } from '../shared/dynamodb/capacity-meter.ts';
import type { Nearest, RunTotals, TypeReport } from './contract.ts';
import { typeTotalNames, zeroTotals } from './run.ts';
import type { ConsolidationTask } from './work-queue.ts';

/** Rejected conjunctions a report names. */
const MAX_NEAREST = 5;
/** Paths a report names of which not everything was tested. */
const MAX_TRUNCATED_PATHS = 50;

/** How a decision type was read. */
export interface TypeRead {
  readonly decisions: number;
  readonly pages: number;
  /** Decisions were left out. */
  readonly truncated: boolean;
  /** Paths that were not read completely. @default none */
  readonly truncatedPaths?: readonly string[];
}

/** The report of a run on one decision type. */
export const reportOf = (
  task: ConsolidationTask,
  decisionType: string,
  { decisions, truncated, truncatedPaths = [] }: TypeRead,
  { mined, result }: Learned,
): TypeReport => ({
  decisionType,
  decisions,
  resolved: mined.resolved,
  tested: mined.tested,
  ...countsOf(task, result),
  dropped: result.dropped.length,
  truncated,
  truncatedPaths: [...truncatedPaths, ...mined.truncatedPaths].slice(0, MAX_TRUNCATED_PATHS),
  ...(mined.limits && { limits: mined.limits }),
  rejected: mined.rejected,
  nearest: nearestOf(decisionType, mined),
});

/**
 * `promoted` and `demoted` are counted from the patterns themselves, so a run that was killed and repeated reports all
 * of its changes. `updated` and `dropped` count the writes of the last attempt only.
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

/** Sums over the decision types. The ageing of memories is not among them. */
export function totalsOf(types: readonly TypeReport[], consumed: ConsumedUnits): RunTotals {
  const sums = typeTotalNames.map((name) => [name, types.reduce((sum, type) => sum + type[name], 0)]);
  return { ...zeroTotals, ...Object.fromEntries(sums), ...consumed };
}
