import { sizeOf } from './compression.ts';
import type { AgeingStep } from './plan.ts';
import { MAX_NAMED, type NightFigures } from './report.ts';

/** A night's figures after one more step. */
export function withStep(figures: NightFigures, { prunings, change }: AgeingStep): NightFigures {
  const pruned = { ...figures.pruned };
  for (const { reason } of prunings) pruned[reason]++;
  const named = prunings.slice(0, Math.max(0, MAX_NAMED - figures.prunedMemories.length));
  const moved = { ...figures.moved };
  const compressed = { ...figures.compressed };
  if (change) {
    const { before, after } = change;
    if (after.tier !== before.tier && after.tier !== 'hot') moved[after.tier]++;
    if (after.form !== before.form) {
      compressed.memories++;
      compressed.bytesBefore += sizeOf(before);
      compressed.bytesAfter += sizeOf(after);
    }
  }
  return {
    pruned,
    moved,
    compressed,
    prunedMemories: [
      ...figures.prunedMemories,
      ...named.map(({ memory: { memoryId, category }, reason, relevance, keptBy }) => ({
        memoryId,
        category,
        reason,
        relevance,
        ...(keptBy !== undefined && { keptBy }),
      })),
    ],
  };
}
