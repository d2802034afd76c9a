import { isLive } from '../pattern.ts';
import { endedOnEvidence, testKnown } from './pattern-retest.ts';
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
  'mined' | 'retested' | 'known' | 'twins' | 'demotions'
> {
  /** Share of the cases no earlier run has seen with their outcome. @default 1 */
  readonly newShare?: number;
  /** Holds what was found against more than the decisions alone. @default as it was found */
  readonly judge?: (found: MiningResult, retested: readonly Finding[]) => Judged;
}

export interface Judged {
  readonly mined: MiningResult;
  readonly retested: readonly Finding[];
}

/**
 * What is known after a look at a window: mines it, tests again what is known, and decides what each becomes. Pure: a
 * function of the cases in the miner, of the patterns as stored, and of `asOf`; applied to its own result it changes
 * nothing.
 * @param uses which decisions were made with which patterns
 */
export function learnFrom(miner: Miner, input: LearningInput, uses = new MemoryUses()): Learned {
  const { newShare, judge, ...state } = input;
  const { previous, runId, asOf, settings, lifecycle = defaultLifecycleSettings } = state;
  // Those an earlier attempt of this run has ended count as well: every attempt reports the same.
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
  // Tested by the cut points they were found with; the id is what they are stored under.
  const again = miner
    .test(unlisted, promoted)
    .map((finding, i) => ({ ...renamed(finding, names), patternId: unlisted[i]!.patternId }));
  const { mined, retested } = judge?.(named, again) ?? { mined: named, retested: again };
  const tests = previous
    .filter((pattern) => needsRetest(pattern) || (endedOnEvidence(pattern) && listed.has(pattern.patternId)))
    .map((pattern) => [pattern.patternId, testKnown(pattern, miner, asOf, settings, lifecycle)] as const);
  const effects = effectsOf(miner, uses, previous, [...mined.findings, ...retested]);
  const result = advance({
    ...state,
    mined,
    retested,
    known: new Map(tests),
    twins: names.twins,
    demotions: demotionsOf(effects),
  });
  return { mined, result: withEffects(result, previous, effects) };
}
