import type { Pattern, Registration } from '../pattern.ts';
import type { Reference } from '../../mining/vocabulary.ts';
import { DAY_MS } from '../../shared/platform/clock.ts';
import type { LifecycleSettings } from './lifecycle-settings.ts';
import { type Drift, driftOf, type Outcomes } from '../../mining/judging/drift.ts';
import { sequentialEvidence, type Sequence } from '../../mining/statistics/sequential.ts';
import type { Miner } from '../../mining/mine.ts';
import type { MiningSettings } from '../../mining/types.ts';

/** What a run finds out about a known pattern beside its numbers: from its decisions one by one, in order of time. */
export interface KnownTest {
  /** The promise, raised to what its outcomes since have borne out. */
  readonly reference?: Reference;
  readonly drift?: Drift;
  readonly outcomes?: Outcomes;
  /** Occurrences since it got its status (dormant: since it was last seen). */
  readonly fresh: number;
  /** A hypothesis's numbers since it was stated; of what ended on its own evidence, those since then. */
  readonly registered?: Registration;
}

/**
 * Ended on what its own later decisions came to. The older ones are still in the window and may still look
 * significant, so it comes back only on evidence from after its end.
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
 * Registered at `at`: numbers from then on only.
 * @param sequences the comparisons it has to win, decisions after `at` only; none when it is being stated
 */
export const registrationOf = (
  at: string,
  sequences: readonly Sequence[],
  asserts: Pattern['asserts'],
  { hypothesisDays, hypothesisLevel, hypothesisOddsRatio }: LifecycleSettings,
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
    until: new Date(Date.parse(at) + hypothesisDays * DAY_MS).toISOString(),
    n,
    successes: asserts === 'success' ? hits : misses,
    rate: hits / Math.max(1, n),
    othersRate: otherHits / Math.max(1, otherMisses + otherHits),
    // It has to win every comparison, and each is at the level by itself; that it loses one is asked as many times as
    // there are comparisons (Bonferroni).
    evidence: Math.min(...evidence.map((value) => value.for)),
    evidenceAgainst: Math.max(...evidence.map((value) => value.against)) / evidence.length,
    needed: 1 / hypothesisLevel,
  };
};

/** Pure: a function of the window, the pattern as stored, and `asOf`. */
export function testKnown(
  pattern: Pattern,
  miner: Pick<Miner, 'outcomes' | 'sequences'>,
  asOf: string,
  settings: MiningSettings,
  lifecycle: LifecycleSettings,
): KnownTest {
  const { status, asserts, registered } = pattern;
  if (status === 'hypothesis' || status === 'retired') {
    const at = status === 'hypothesis' ? (registered?.at ?? pattern.statusSince) : pattern.statusSince;
    const until = status === 'hypothesis' ? (registered?.until ?? asOf) : asOf;
    const span = { after: Date.parse(at), until: Math.min(Date.parse(asOf), Date.parse(until)) };
    return {
      fresh: 0,
      outcomes: miner.outcomes(pattern),
      registered: registrationOf(at, miner.sequences(pattern, span), asserts, lifecycle),
    };
  }
  const outcomes = miner.outcomes(pattern);
  const since = Date.parse((status === 'dormant' && pattern.lastSeen) || pattern.statusSince);
  const fresh = outcomes.times.reduce((count, time) => count + Number(time > since), 0);
  if (!pattern.reference) return { fresh };
  const borneOut = driftOf(outcomes, pattern.reference, settings.wilsonZ).confidence;
  const reference = {
    ...pattern.reference,
    confidence: Math.max(pattern.reference.confidence, borneOut),
    n: Math.max(pattern.reference.n, outcomes.times.length),
  };
  return { fresh, outcomes, reference, drift: driftOf(outcomes, reference, settings.wilsonZ) };
}
