import { isLive } from '../pattern.ts';
import { endedOnEvidence, retestPattern } from './pattern-retest.ts';
import { advance, type LifecycleInput, type LifecycleResult, needsRetest } from './lifecycle.ts';
import { defaultLifecycleSettings } from './lifecycle-settings.ts';
import { demotionsOf, MemoryUses } from '../../mining/judging/memory-effect.ts';
import type { Finding, MiningResult } from '../../mining/types.ts';
import type { Miner } from '../../mining/mine.ts';
import { effectsOf, withEffects } from './pattern-effects.ts';
import { namesOf, renamed } from './statements.ts';
import { stands } from './verdicts.ts';

export interface Learned {
  readonly mined: MiningResult;
  readonly result: LifecycleResult;
}

export interface LearningInput extends Omit<
  LifecycleInput,
  'mined' | 'retested' | 'retests' | 'twins' | 'demotions'
> {
  /** Share of the cases that no earlier run has seen with their outcome. @default 1 */
  readonly newShare?: number;
  /** Judges the findings further, for example by agent. @default none */
  readonly judge?: (found: MiningResult, retested: readonly Finding[]) => Judged;
}

export interface Judged {
  readonly mined: MiningResult;
  readonly retested: readonly Finding[];
}

/**
 * Learns from a window of decisions: mines it, tests the known patterns again, and decides what each becomes. It is a
 * pure function of the cases in the miner, of the stored patterns, and of `asOf`. Applied to its own result it changes
 * nothing.
 * @param uses the patterns that each decision was made with
 */
export function learnFrom(miner: Miner, input: LearningInput, uses = new MemoryUses()): Learned {
  const { newShare, judge, ...state } = input;
  const { previous, runId, asOf, settings, lifecycle = defaultLifecycleSettings } = state;
  // Patterns that an earlier attempt of this run has ended are included, so that every attempt reports the same.
  const known = previous
    .filter(
      (pattern) =>
        needsRetest(pattern) ||
        endedOnEvidence(pattern) ||
        (!isLive(pattern) && pattern.statusRunId === runId),
    )
    .map((pattern) => ({ ...pattern, incumbent: stands(pattern) || endedOnEvidence(pattern) }));
  const names = namesOf(previous);
  const found = miner.mine(known, newShare);
  const named = { ...found, findings: found.findings.map((finding) => renamed(finding, names)) };
  const listed = new Set(named.findings.map(({ patternId }) => patternId));
  const unlisted = previous.filter((pattern) => needsRetest(pattern) && !listed.has(pattern.patternId));
  const promoted = found.findings.filter(({ verdict }) => verdict === 'promote');
  // They are tested with the cut points they were found with, and keep the id under which they are stored.
  const again = miner
    .test(unlisted, promoted)
    .map((finding, i) => ({ ...renamed(finding, names), patternId: unlisted[i]!.patternId }));
  const { mined, retested } = judge?.(named, again) ?? { mined: named, retested: again };
  const retests = previous
    .filter((pattern) => needsRetest(pattern) || (endedOnEvidence(pattern) && listed.has(pattern.patternId)))
    .map((pattern) => [pattern.patternId, retestPattern(pattern, miner, asOf, settings, lifecycle)] as const);
  const effects = effectsOf(miner, uses, previous, [...mined.findings, ...retested]);
  const result = advance({
    ...state,
    mined,
    retested,
    retests: new Map(retests),
    twins: names.twins,
    demotions: demotionsOf(effects),
  });
  return { mined, result: withEffects(result, previous, effects) };
}
