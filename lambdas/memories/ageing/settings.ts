import { DAY_MS } from '../../shared/platform/clock.ts';

/** How long a category is kept, and how much it matters. */
export interface CategoryRule {
  /** Days after it was last written or seen; `null`: for ever. */
  readonly retentionDays: number | null;
  /** 0..1 */
  readonly importance: number;
}

/** From youngest to oldest. A memory moves down only; what is written or seen again begins at the top. */
export const tierNames = ['hot', 'warm', 'cold', 'archive'] as const;
export type Tier = (typeof tierNames)[number];

/** What is left of a memory, from everything to the least; it never goes back up by itself. */
export const formNames = ['full', 'essential', 'summary', 'pattern'] as const;
export type Form = (typeof formNames)[number];

/** The form a tier keeps. */
export const formOfTier: Readonly<Record<Tier, Form>> = {
  hot: 'full',
  warm: 'essential',
  cold: 'summary',
  archive: 'pattern',
};

export interface AgeingSettings {
  /** Every category there is; a memory of another is treated like the default. */
  readonly categories: Readonly<Record<string, CategoryRule>>;
  /** Age below which a memory may stay in a tier, and how many an agent may have there. `archive` takes the rest. */
  readonly tiers: Readonly<
    Record<Exclude<Tier, 'archive'>, { readonly maxAgeMs: number; readonly cap: number }>
  >;
  /** Below this relevance a memory that nobody asks for is pruned. @default 0.3 */
  readonly pruneBelow: number;
  /** So many accesses save a memory from being pruned. @default 2 */
  readonly minAccesses: number;
  /** So does one, or being written or seen, within this time. @default 7 d */
  readonly idleMs: number;
  /** Cosine from which two memories say the same. @default 0.85 */
  readonly sameAbove: number;
}

/** Where the category is not configured (any more): nothing is thrown away for a gap in the configuration. */
export const unknownCategory: CategoryRule = { retentionDays: null, importance: 0.5 };

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

/** @returns the rule of a category */
export const ruleOf = ({ categories }: Pick<AgeingSettings, 'categories'>, category: string): CategoryRule =>
  categories[category] ?? unknownCategory;
