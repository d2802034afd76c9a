import type { MemoryEffect } from '../../mining/vocabulary.ts';
import { isLive, type Pattern } from '../pattern.ts';
import { canonicalJson } from '../../shared/platform/ids.ts';
import type { LifecycleResult } from './lifecycle.ts';
import { effectsByPattern, type MemoryUses, type Usable } from '../../mining/judging/memory-effect.ts';
import type { Miner } from '../../mining/mine.ts';

/**
 * The effect of using each pattern. Its situation is the one that the run will store: from this run's finding, or else
 * from the stored pattern. So a repeated run counts the same.
 */
export function effectsOf(
  miner: Miner,
  uses: MemoryUses,
  previous: readonly Pattern[],
  found: readonly Usable[],
): Map<string, MemoryEffect> {
  const usable = new Map<string, Usable>();
  for (const pattern of [...previous, ...found]) usable.set(pattern.patternId, pattern);
  return effectsByPattern(miner, uses, [...usable.values()]);
}

/**
 * Adds to the patterns after a run the effect of using them in its window. A pattern that had ended before the run keeps
 * its last effect. This needs no write of its own: the rows of live patterns are written each night for their `asOf`.
 */
export function withEffects(
  result: LifecycleResult,
  previous: readonly Pattern[],
  effects: ReadonlyMap<string, MemoryEffect>,
): LifecycleResult {
  const before = new Map(previous.map((pattern) => [pattern.patternId, pattern]));
  const patterns = result.patterns.map((pattern): Pattern => {
    const earlier = before.get(pattern.patternId);
    const { effect: _effect, ...rest } = pattern;
    const hadEnded = earlier && !isLive(earlier) && !isLive(pattern);
    const effect = hadEnded ? earlier.effect : effects.get(pattern.patternId);
    return effect ? { ...rest, effect } : rest;
  });
  const current = new Map(patterns.map((pattern) => [pattern.patternId, pattern]));
  // The lifecycle's changes come first and in its order, because they may have to be written in that order.
  const inOrder = new Set([...result.changes.map(({ after }) => after.patternId), ...current.keys()]);
  const changes = [...inOrder].flatMap((patternId) => {
    const [earlier, after] = [before.get(patternId), current.get(patternId)];
    if (!after || canonicalJson(after) === canonicalJson(earlier)) return [];
    return [{ before: earlier, after }];
  });
  const evidence = result.evidence.map(({ pattern, current: digests }) => ({
    pattern: current.get(pattern.patternId) ?? pattern,
    current: digests,
  }));
  return { ...result, patterns, changes, evidence };
}
