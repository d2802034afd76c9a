import { DAY_MS } from '../../shared/platform/clock.ts';
import { type MemoryCategories } from '../../shared/schema/memory-categories.ts';
import type { MemoryForm, MemoryTier } from '../memory-stages.ts';

/** The form a tier keeps. */
export const formOfTier: Readonly<Record<MemoryTier, MemoryForm>> = {
  hot: 'full',
  warm: 'essential',
  cold: 'summary',
  archive: 'pattern',
};

export interface AgeingSettings {
  readonly categories: MemoryCategories;
  /** Age below which a memory may stay in a tier, and how many an agent may have there. `archive` takes the rest. */
  readonly tiers: Readonly<
    Record<Exclude<MemoryTier, 'archive'>, { readonly maxAgeMs: number; readonly cap: number }>
  >;
  /** Below this relevance a memory that is not asked for is pruned. @default 0.3 */
  readonly pruneBelow: number;
  /** Accesses that save a memory from being pruned. @default 2 */
  readonly minAccesses: number;
  /** One access saves it as well, or being written or seen, within this time. @default 7 d */
  readonly idleMs: number;
  /** Cosine from which two memories say the same. @default 0.85 */
  readonly sameAbove: number;
}

export const defaultAgeingSettings: Omit<AgeingSettings, 'categories'> = {
  tiers: {
    hot: { maxAgeMs: DAY_MS, cap: 1_000 },
    warm: { maxAgeMs: 7 * DAY_MS, cap: 5_000 },
    cold: { maxAgeMs: 30 * DAY_MS, cap: 10_000 },
  },
  pruneBelow: 0.3,
  minAccesses: 2,
  idleMs: 7 * DAY_MS,
  sameAbove: 0.85,
};
