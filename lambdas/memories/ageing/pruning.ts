import { expiryOf, isGone } from '../categories.ts';
import type { Memory } from '../memory.ts';
import { touchedAt } from './age.ts';
import type { AgeingSettings } from './settings.ts';

/** Why a memory goes: past its category's retention, not worth keeping, or said by another. */
export const pruneReasons = ['expired', 'irrelevant', 'redundant'] as const;
export type PruneReason = (typeof pruneReasons)[number];

/** A memory that is never pruned and never shortened: pinned, a preference, or meant to be kept for ever. */
export const isKept = (memory: Memory, { categories }: Pick<AgeingSettings, 'categories'>): boolean =>
  memory.memoryType === 'PREFERENCE' || expiryOf(categories, memory) === null;

/** @returns why a memory should go by itself, or undefined when it should stay */
export function pruneReason(
  memory: Memory,
  relevance: number,
  settings: AgeingSettings,
  now: Date,
): Exclude<PruneReason, 'redundant'> | undefined {
  if (isKept(memory, settings)) return undefined;
  if (isGone(settings.categories, memory, now)) return 'expired';
  const used = Math.max(touchedAt(memory), Date.parse(memory.lastAccessedAt ?? memory.createdAt));
  const idle = now.getTime() - used >= settings.idleMs;
  return relevance < settings.pruneBelow && memory.accessCount < settings.minAccesses && idle
    ? 'irrelevant'
    : undefined;
}
