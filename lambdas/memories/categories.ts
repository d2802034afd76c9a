import { DAY_MS } from '../shared/platform/clock.ts';
import { ValidationFailedError } from '../shared/errors.ts';
import { json } from '../shared/platform/env.ts';
import {
  categoryOfType,
  type MemoryCategories,
  type MemoryCategory,
  memoryCategoriesSchema,
  type MemoryType,
} from '../shared/schema/memory-categories.ts';
import type { Memory } from './memory.ts';

/**
 * The variable MEMORY_CATEGORIES: `{"trades":{"retentionDays":30,"importance":0.9},…}`. Every function that stores,
 * reads or ages memories has it, with the same value; anything else stops the function at its start.
 */
export const memoryCategories = json(memoryCategoriesSchema);

/**
 * The category a new memory belongs to.
 * @throws ValidationFailedError at `category` when the stage has none of that name
 */
export function categoryFor(
  categories: MemoryCategories,
  memoryType: MemoryType,
  named: string = categoryOfType[memoryType],
): MemoryCategory & { readonly category: string } {
  const found = Object.hasOwn(categories, named) ? categories[named] : undefined;
  if (found) return { ...found, category: named };
  const known = Object.keys(categories).join(', ');
  throw ValidationFailedError.at('category', `no category ${named}; there are ${known}`);
}

type Dated = Pick<Memory, 'memoryType' | 'category' | 'pinned' | 'updatedAt' | 'lastSeenAt'>;

/**
 * When a memory is gone unless it is changed or seen again: its category's retention after it last was; `null` when it
 * is pinned, kept for ever, or a pattern, which ends by its own rules. A category that is not configured any more keeps what it has: a gap in the configuration
 * throws nothing away. Computed at every read, so a change of the configuration holds for what is stored already.
 */
export function expiryOf(categories: MemoryCategories, memory: Dated): string | null {
  const days = keptDays(categories, memory);
  return days === null ? null : new Date(Date.parse(lastTouched(memory)) + days * DAY_MS).toISOString();
}

export const isGone = (categories: MemoryCategories, memory: Dated, now: Date): boolean =>
  goneBy(categories, now)(memory);

/** Tells of many memories if they are gone by then: it compares times as they are written. */
export function goneBy(categories: MemoryCategories, now: Date): (memory: Dated) => boolean {
  const horizons = new Map<number, string>();
  const horizonOf = (days: number): string => {
    const known = horizons.get(days) ?? new Date(now.getTime() - days * DAY_MS).toISOString();
    horizons.set(days, known);
    return known;
  };
  return (memory) => {
    const days = keptDays(categories, memory);
    return days !== null && lastTouched(memory) <= horizonOf(days);
  };
}

function keptDays(categories: MemoryCategories, { memoryType, category, pinned }: Dated): number | null {
  if (pinned || memoryType === 'PATTERN') return null;
  return Object.hasOwn(categories, category) ? categories[category]!.retentionDays : null;
}

const lastTouched = ({ updatedAt, lastSeenAt }: Dated): string =>
  updatedAt > lastSeenAt ? updatedAt : lastSeenAt;
