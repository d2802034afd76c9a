import type { Pattern, PatternStatus } from '../pattern.ts';
import type { PatternNumbers, Reference } from '../../mining/vocabulary.ts';
import { endedOnEvidence, type KnownTest } from './pattern-retest.ts';
import type { LifecycleSettings } from './lifecycle-settings.ts';
import { type Drift, driftOf, type Outcomes } from '../../mining/judging/drift.ts';
import type { Finding, MiningSettings } from '../../mining/types.ts';

/** Level of the uncorrected p-value at which a promoted pattern still holds. */
export const HOLD_LEVEL = 0.05;

export interface Verdict {
  readonly status: PatternStatus;
  readonly reason: string;
  /** The promise from now on, where it is another one, and how its outcomes compare with it. */
  readonly renewed?: { readonly reference: Reference; readonly drift: Drift };
}

export interface VerdictInput {
  readonly asOf: string;
  readonly settings: MiningSettings;
  readonly lifecycle: LifecycleSettings;
  /** Why the pattern is to go whatever its tests say. */
  readonly demotion: string | undefined;
  /** The stored pattern that makes the same statement under another id. */
  readonly twin: string | undefined;
  readonly known: KnownTest | undefined;
  /** The finding comes from mining; false: it was tested alone. */
  readonly listed: boolean;
}

export const isExplained = (finding: Finding): boolean => finding.explainedBy !== undefined;

/** Stated before its decisions, and borne out by them. */
const isConfirmed = (before: Pattern | undefined): boolean =>
  before?.registered !== undefined && before.registered.evidence >= before.registered.needed;

/**
 * Whether it has to yield to what explains it. Of what was found in the same decisions only the one that says most is
 * kept; a statement that was registered beforehand and confirmed has passed a test of its own, and stands beside what
 * explains it (the record names that) until its own outcomes end it. Only the same statement is not kept twice.
 */
const yields = (before: Pattern | undefined, finding: Finding): boolean =>
  isExplained(finding) && !(isConfirmed(before) && finding.reason !== 'same_as_other');

/** Says what it stands for, or is under suspicion. */
export const stands = ({ status }: Pick<Pattern, 'status'>): boolean =>
  status === 'promoted' || status === 'suspect';

/** Why a promoted pattern no longer holds; undefined while it does. Whether it holds lately is what drift asks. */
function failureOf(numbers: PatternNumbers): string | undefined {
  if (!(numbers.confidence > numbers.baseline)) return 'below_baseline';
  if (!(numbers.pValue <= HOLD_LEVEL)) return 'not_significant';
  return undefined;
}

/** What a pattern becomes by what a run has found of it. Pure, and a fixpoint: its own result it leaves as it is. */
export function verdictOn(before: Pattern | undefined, finding: Finding, input: VerdictInput): Verdict {
  const { asOf, settings, demotion, known, listed } = input;
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
    return promotes || isRevived(before, finding, known, settings)
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
  return hasThinned(finding, known) ? { status: 'dormant', reason: 'evidence_aged_out' } : failed(failure);
}

const explainedAway = ({ reason }: Finding): Verdict => ({
  status: 'retired',
  reason: reason === 'same_as_other' ? 'merged' : reason,
});

/** What fails is not its rate but the number of decisions left to show it. */
const hasThinned = ({ numbers }: Finding, known: KnownTest | undefined): boolean =>
  known?.reference !== undefined &&
  numbers.n < known.reference.n &&
  numbers.rate >= known.reference.confidence;

/** Enough new occurrences, and the test a promoted pattern holds by. */
const isRevived = (
  before: Pattern,
  finding: Finding,
  known: KnownTest | undefined,
  settings: MiningSettings,
): boolean =>
  (known?.fresh ?? 0) >= settings.minOccurrences && !yields(before, finding) && !failureOf(finding.numbers);

/** Found significant again. What ended on its later outcomes needs outcomes from after its end, and promises no more. */
function comeback(before: Pattern, { known, settings, lifecycle }: VerdictInput): Verdict {
  const significant: Verdict = { status: 'promoted', reason: 'significant' };
  if (!endedOnEvidence(before)) return significant;
  if (!known?.outcomes || !known.registered || known.registered.evidence < known.registered.needed)
    return before;
  const renewed = promiseSince(before.statusSince, known.outcomes, settings.wilsonZ);
  return renewed.drift.statistic <= lifecycle.driftThreshold ? { ...significant, renewed } : before;
}

/** What the outcomes after a moment bear out, and how they compare with it. */
function promiseSince(since: string, outcomes: Outcomes, z: number): NonNullable<Verdict['renewed']> {
  const baseline = outcomes.baselineFrom(Date.parse(since) + 1);
  const n = outcomes.times.length;
  const { confidence } = driftOf(outcomes, { since, confidence: 0, baseline, n }, z);
  const reference = { since, confidence, baseline, n };
  return { reference, drift: driftOf(outcomes, reference, z) };
}

/** A hypothesis: confirmed or refuted by the decisions since it was stated, promoted also by what promotes any. */
function settle(
  before: Pattern,
  finding: Finding,
  promotes: boolean,
  { asOf, settings, twin, known }: VerdictInput,
): Verdict {
  if (twin !== undefined) return { status: 'retired', reason: 'merged' };
  if (promotes) return { status: 'promoted', reason: 'significant' };
  const registered = known?.registered ?? before.registered;
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

/** Undefined: its outcomes are what was promised. */
function driftVerdict(
  before: Pattern,
  { asOf, settings, lifecycle: { driftThreshold }, known }: VerdictInput,
): Verdict | undefined {
  if (!known?.drift) return undefined;
  const { drift, fresh } = known;
  const suspect: Verdict = { status: 'suspect', reason: 'drift_down' };
  if (before.status !== 'suspect' || before.reason !== 'drift_down')
    return drift.statistic > driftThreshold ? suspect : undefined;
  // Half-way back, so that one outcome does not carry it to and fro.
  if (drift.statistic <= driftThreshold / 2) return { status: 'promoted', reason: 'drift_over' };
  if (drift.statistic <= driftThreshold || before.statusSince >= asOf || fresh < settings.minOccurrences)
    return suspect;
  return changeOf(drift, known, driftThreshold, settings.wilsonZ);
}

/** What the outcomes since the change come to: less than was promised but something, nothing, or the opposite. */
function changeOf(
  { changed, changedAt }: Drift,
  { outcomes, reference }: KnownTest,
  threshold: number,
  z: number,
): Verdict {
  const [low, high] = changed.interval;
  if (low > changed.baseline && outcomes && changedAt !== undefined) {
    const renewed = promiseSince(new Date(changedAt - 1).toISOString(), outcomes, z);
    if (renewed.drift.statistic <= threshold) return { status: 'promoted', reason: 'weaker', renewed };
  }
  if (high < changed.baseline) return { status: 'retired', reason: 'effect_reversed' };
  // Too few to tell what is left: suspect, and not offered, until they say that it is less than half.
  const half = ((reference?.confidence ?? 1) + changed.baseline) / 2;
  return high < half
    ? { status: 'retired', reason: 'effect_stopped' }
    : { status: 'suspect', reason: 'drift_down' };
}
