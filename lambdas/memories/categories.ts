import * as z from 'zod';
import { DAY_MS } from '../shared/platform/clock.ts';
import { ValidationFailedError } from '../shared/errors.ts';
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
export const memoryCategories = z
  .string({ error: 'is missing' })
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'is not JSON' });
      return z.NEVER;
    }
  })
  .pipe(memoryCategoriesSchema);

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
  const time = expiryTime(categories, memory);
  return time === null ? null : new Date(time).toISOString();
}

export function isGone(categories: MemoryCategories, memory: Dated, now: Date): boolean {
  const time = expiryTime(categories, memory);
  return time !== null && time <= now.getTime();
}

/** Milliseconds since the epoch: asked of every memory a search looks at. */
function expiryTime(categories: MemoryCategories, memory: Dated): number | null {
  const { memoryType, category, pinned, updatedAt, lastSeenAt } = memory;
  const days = Object.hasOwn(categories, category) ? categories[category]!.retentionDays : null;
  if (pinned || days === null || memoryType === 'PATTERN') return null;
  return Date.parse(updatedAt > lastSeenAt ? updatedAt : lastSeenAt) + days * DAY_MS;
}
