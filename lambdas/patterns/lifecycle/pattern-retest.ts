import type { Pattern, Registration } from '../pattern.ts';
import type { Reference } from '../../mining/vocabulary.ts';
import { DAY_MS } from '../../shared/platform/clock.ts';
import type { LifecycleSettings } from './lifecycle-settings.ts';
import { type Drift, driftOf, type Outcomes } from '../../mining/judging/drift.ts';
import { sequentialEvidence, type Sequence } from '../../mining/statistics/sequential.ts';
import type { Miner } from '../../mining/mine.ts';
import type { MiningSettings } from '../../mining/types.ts';

/** The retest of a known pattern: results from its decisions one by one, in order of time. */
export interface PatternRetest {
  /** The promise, raised to the rate that its later outcomes have confirmed. */
  readonly reference?: Reference;
  readonly drift?: Drift;
  readonly outcomes?: Outcomes;
  /** Occurrences since it got its status; of a dormant pattern, since it was last seen. */
  readonly fresh: number;
  /** A hypothesis's numbers since it was stated. For a pattern that ended on its own evidence, those since its end. */
  readonly registered?: Registration;
}

/**
 * Reasons of patterns that ended on their own later outcomes. The older decisions are still in the window and may still
 * look significant. So such a pattern comes back only on evidence from after its end.
 */
const ENDED_ON_EVIDENCE: ReadonlySet<string> = new Set([
  'effect_stopped',
  'effect_reversed',
  'reversed',
  'refuted',
]);

export const endedOnEvidence = ({ status, reason }: Pattern): boolean =>
  status === 'retired' && ENDED_ON_EVIDENCE.has(reason);

/**
 * The registration of a hypothesis, with numbers from decisions after `at` only.
 * @param sequences the comparisons that it has to win, on decisions after `at`; none when it is just being stated
 * @param openSince when its days began: `at`, or when it was stated again after it had been withdrawn
 */
export const registrationOf = (
  at: string,
  sequences: readonly Sequence[],
  asserts: Pattern['asserts'],
  { hypothesisDays, hypothesisLevel, hypothesisOddsRatio }: LifecycleSettings,
  openSince = at,
): Registration => {
  const evidence =
    sequences.length === 0
      ? [{ for: 1, against: 1 }]
      : sequences.map((sequence) => sequentialEvidence(sequence, hypothesisOddsRatio));
  const [others] = sequences;
  const counts = [0, 0, 0, 0];
  others?.inside.forEach((inside, i) => counts[2 * inside + others.asserted[i]!]!++);
  const [otherMisses, otherHits, misses, hits] = counts as [number, number, number, number];
  const n = misses + hits;
  return {
    at,
    until: new Date(Date.parse(openSince) + hypothesisDays * DAY_MS).toISOString(),
    n,
    successes: asserts === 'success' ? hits : misses,
    rate: hits / Math.max(1, n),
    othersRate: otherHits / Math.max(1, otherMisses + otherHits),
    // It has to win every comparison, so each may use the whole level. It loses as soon as it loses one, so that level is
    // shared among the comparisons (Bonferroni).
    evidence: Math.min(...evidence.map((value) => value.for)),
    evidenceAgainst: Math.max(...evidence.map((value) => value.against)) / evidence.length,
    needed: 1 / hypothesisLevel,
  };
};

/** Retests a known pattern. It is a pure function of the window, of the stored pattern, and of `asOf`. */
export function retestPattern(
  pattern: Pattern,
  miner: Pick<Miner, 'outcomes' | 'sequences'>,
  asOf: string,
  settings: MiningSettings,
  lifecycle: LifecycleSettings,
): PatternRetest {
  const { status, asserts, registered } = pattern;
  if (status === 'hypothesis' || status === 'retired') {
    const at = status === 'hypothesis' ? (registered?.at ?? pattern.statusSince) : pattern.statusSince;
    const until = status === 'hypothesis' ? (registered?.until ?? asOf) : asOf;
    const span = { after: Date.parse(at), until: Math.min(Date.parse(asOf), Date.parse(until)) };
    return {
      fresh: 0,
      outcomes: miner.outcomes(pattern),
      registered: registrationOf(
        at,
        miner.sequences(pattern, span),
        asserts,
        lifecycle,
        status === 'hypothesis' ? registered?.restatedAt : undefined,
      ),
    };
  }
  const outcomes = miner.outcomes(pattern);
  const since = Date.parse((status === 'dormant' && pattern.lastSeen) || pattern.statusSince);
  const fresh = outcomes.times.reduce((count, time) => count + Number(time > since), 0);
  if (!pattern.reference) return { fresh };
  const confirmed = driftOf(outcomes, pattern.reference, settings.wilsonZ).confidence;
  const reference = {
    ...pattern.reference,
    confidence: Math.max(pattern.reference.confidence, confirmed),
    n: Math.max(pattern.reference.n, outcomes.times.length),
  };
  return { fresh, outcomes, reference, drift: driftOf(outcomes, reference, settings.wilsonZ) };
}
