import type { Pattern, PatternStatus } from '../pattern.ts';
import type { PatternNumbers, Reference } from '../../mining/vocabulary.ts';
import { endedOnEvidence, type PatternRetest } from './pattern-retest.ts';
import type { LifecycleSettings } from './lifecycle-settings.ts';
import { type Drift, driftOf, type Outcomes } from '../../mining/judging/drift.ts';
import type { Finding, MiningSettings } from '../../mining/types.ts';

/** Level of the uncorrected p-value at which a promoted pattern still holds. */
export const HOLD_LEVEL = 0.05;

export interface Verdict {
  readonly status: PatternStatus;
  readonly reason: string;
  /** The new promise, where there is one, and the drift of its outcomes. */
  readonly renewed?: { readonly reference: Reference; readonly drift: Drift };
}

export interface VerdictInput {
  readonly asOf: string;
  readonly settings: MiningSettings;
  readonly lifecycle: LifecycleSettings;
  /** Reason to demote the pattern, whatever its tests say. */
  readonly demotion: string | undefined;
  /** The stored pattern that makes the same statement under another id. */
  readonly twin: string | undefined;
  readonly retest: PatternRetest | undefined;
  /** True when mining listed the finding; false when it was tested alone. */
  readonly listed: boolean;
}

export const isExplained = (finding: Finding): boolean => finding.explainedBy !== undefined;

/** True for a pattern that was stated before its decisions and confirmed by them. */
const isConfirmed = (before: Pattern | undefined): boolean =>
  before?.registered !== undefined && before.registered.evidence >= before.registered.needed;

/**
 * True when a pattern has to yield to one that explains it. Of patterns found in the same decisions, only the one that
 * says most is kept. A confirmed hypothesis has passed a test of its own, so it stands beside the pattern that explains
 * it until its own outcomes end it. Its record names that pattern. But the same statement is never kept twice.
 */
const yields = (before: Pattern | undefined, finding: Finding): boolean =>
  isExplained(finding) && !(isConfirmed(before) && finding.reason !== 'same_as_other');

/** True for a promoted pattern, also while it is suspect. */
export const stands = ({ status }: Pick<Pattern, 'status'>): boolean =>
  status === 'promoted' || status === 'suspect';

/** The reason why a promoted pattern no longer holds; undefined while it does. Recent changes are the matter of drift. */
function failureOf(numbers: PatternNumbers): string | undefined {
  if (!(numbers.confidence > numbers.baseline)) return 'below_baseline';
  if (!(numbers.pValue <= HOLD_LEVEL)) return 'not_significant';
  return undefined;
}

/** Decides what a pattern becomes after a run's finding. It is pure and a fixpoint: it leaves its own result unchanged. */
export function verdictOn(before: Pattern | undefined, finding: Finding, input: VerdictInput): Verdict {
  const { asOf, settings, demotion, retest, listed } = input;
  const failed = (reason: string): Verdict => {
    const failedBefore = before?.status === 'suspect' && before.statusSince < asOf;
    return { status: failedBefore ? 'retired' : 'suspect', reason };
  };
  if (demotion !== undefined) {
    if (!before || before.status === 'candidate') return { status: 'candidate', reason: demotion };
    return stands(before) ? failed(demotion) : before;
  }
  const promotes = listed && finding.verdict === 'promote';
  const significant: Verdict = { status: 'promoted', reason: 'significant' };
  if (!before || before.status === 'candidate')
    return promotes ? significant : { status: 'candidate', reason: finding.reason };
  if (before.status === 'hypothesis') return settle(before, finding, promotes, input);
  if (before.status === 'retired') return promotes ? comeback(before, input) : before;
  if (before.status === 'dormant')
    return promotes || isRevived(before, finding, retest, settings)
      ? { status: 'promoted', reason: 'evidence_returned' }
      : before;
  const enough = finding.numbers.n >= settings.minOccurrences;
  const drifted = enough && !yields(before, finding) ? driftVerdict(before, input) : undefined;
  if (drifted) return drifted;
  if (promotes) return significant;
  if (!enough) return { status: 'dormant', reason: 'evidence_aged_out' };
  if (yields(before, finding)) return explainedAway(finding);
  const failure = failureOf(finding.numbers);
  if (!failure) return { status: 'promoted', reason: 'still_holds' };
  return hasThinned(finding, retest) ? { status: 'dormant', reason: 'evidence_aged_out' } : failed(failure);
}

const explainedAway = ({ reason }: Finding): Verdict => ({
  status: 'retired',
  reason: reason === 'same_as_other' ? 'merged' : reason,
});

/** True when the rate is as promised, but too few decisions are left to show it. */
const hasThinned = ({ numbers }: Finding, retest: PatternRetest | undefined): boolean =>
  retest?.reference !== undefined &&
  numbers.n < retest.reference.n &&
  numbers.rate >= retest.reference.confidence;

/** True with enough new occurrences that pass the test of a promoted pattern. */
const isRevived = (
  before: Pattern,
  finding: Finding,
  retest: PatternRetest | undefined,
  settings: MiningSettings,
): boolean =>
  (retest?.fresh ?? 0) >= settings.minOccurrences && !yields(before, finding) && !failureOf(finding.numbers);

/**
 * Verdict on a retired pattern that was found significant again. One that ended on its later outcomes needs outcomes from
 * after its end, and promises no more than those show.
 */
function comeback(before: Pattern, { retest, settings, lifecycle }: VerdictInput): Verdict {
  const significant: Verdict = { status: 'promoted', reason: 'significant' };
  if (!endedOnEvidence(before)) return significant;
  if (!retest?.outcomes || !retest.registered || retest.registered.evidence < retest.registered.needed)
    return before;
  const renewed = promiseSince(before.statusSince, retest.outcomes, settings.wilsonZ);
  return renewed.drift.statistic <= lifecycle.driftThreshold ? { ...significant, renewed } : before;
}

/** The promise that the outcomes after a moment confirm, and their drift from it. */
function promiseSince(since: string, outcomes: Outcomes, z: number): NonNullable<Verdict['renewed']> {
  const baseline = outcomes.baselineFrom(Date.parse(since) + 1);
  const n = outcomes.times.length;
  const { confidence } = driftOf(outcomes, { since, confidence: 0, baseline, n }, z);
  const reference = { since, confidence, baseline, n };
  return { reference, drift: driftOf(outcomes, reference, z) };
}

/**
 * Verdict on a hypothesis. The decisions since it was stated confirm or refute it. It is also promoted by the test that
 * promotes any pattern.
 */
function settle(
  before: Pattern,
  finding: Finding,
  promotes: boolean,
  { asOf, settings, twin, retest }: VerdictInput,
): Verdict {
  if (twin !== undefined) return { status: 'retired', reason: 'merged' };
  if (promotes) return { status: 'promoted', reason: 'significant' };
  const registered = retest?.registered ?? before.registered;
  if (!registered) return before;
  const { evidence, evidenceAgainst, needed, until } = registered;
  const { numbers } = finding;
  if (finding.reason === 'same_as_other') return explainedAway(finding);
  const confirmed = evidence >= needed;
  const lacks =
    failureOf(numbers) ??
    (numbers.n < settings.minOccurrences
      ? 'too_few_occurrences'
      : numbers.days < settings.minDays
        ? 'too_few_days'
        : undefined);
  if (confirmed && !lacks) return { status: 'promoted', reason: 'hypothesis_confirmed' };
  if (!confirmed && evidenceAgainst >= needed) return { status: 'retired', reason: 'refuted' };
  if (asOf > until)
    return isExplained(finding) ? explainedAway(finding) : { status: 'retired', reason: 'undecided' };
  if (isExplained(finding)) return { status: 'hypothesis', reason: finding.reason };
  return { status: 'hypothesis', reason: confirmed && lacks ? lacks : 'collecting' };
}

/** Verdict by drift; undefined while the outcomes are as promised. */
function driftVerdict(
  before: Pattern,
  { asOf, settings, lifecycle: { driftThreshold }, retest }: VerdictInput,
): Verdict | undefined {
  if (!retest?.drift) return undefined;
  const { drift, fresh } = retest;
  const suspect: Verdict = { status: 'suspect', reason: 'drift_down' };
  if (before.status !== 'suspect' || before.reason !== 'drift_down')
    return drift.statistic > driftThreshold ? suspect : undefined;
  // It has to come half-way back, so that one outcome cannot change the status to and fro.
  if (drift.statistic <= driftThreshold / 2) return { status: 'promoted', reason: 'drift_over' };
  if (drift.statistic <= driftThreshold || before.statusSince >= asOf || fresh < settings.minOccurrences)
    return suspect;
  return changeOf(drift, retest, driftThreshold, settings.wilsonZ);
}

/** Verdict by the outcomes since the change: a weaker effect than promised, none, or the opposite. */
function changeOf(
  { changed, changedAt }: Drift,
  { outcomes, reference }: PatternRetest,
  threshold: number,
  z: number,
): Verdict {
  const [low, high] = changed.interval;
  if (low > changed.baseline && outcomes && changedAt !== undefined) {
    const renewed = promiseSince(new Date(changedAt - 1).toISOString(), outcomes, z);
    if (renewed.drift.statistic <= threshold) return { status: 'promoted', reason: 'weaker', renewed };
  }
  if (high < changed.baseline) return { status: 'retired', reason: 'effect_reversed' };
  // With too few outcomes to tell, it stays suspect and is not offered until they show less than half of the effect.
  const half = ((reference?.confidence ?? 1) + changed.baseline) / 2;
  return high < half
    ? { status: 'retired', reason: 'effect_stopped' }
    : { status: 'suspect', reason: 'drift_down' };
}
