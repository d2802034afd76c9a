import type { MemoryEffect } from '../../mining/vocabulary.ts';
import { isLive, type Pattern } from '../pattern.ts';
import { canonicalJson } from '../../shared/platform/ids.ts';
import type { LifecycleResult } from './lifecycle.ts';
import { effectsByPattern, type MemoryUses, type Usable } from '../../mining/judging/memory-effect.ts';
import type { Miner } from '../../mining/mine.ts';

/**
 * What the use of each pattern did, in the situation the run will store for it: as mining found it now, or as it was
 * found. So a run that is done again counts the same.
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
 * The patterns after a run with what their use did in its window. What had ended before the run keeps what it ended
 * with. Costs no write of its own: the rows of live patterns are written each night for their `asOf`.
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
  // Those of the lifecycle first and in its order, which may be the one they have to be written in.
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
