import { DAY_MS } from '../../shared/platform/clock.ts';
import { type Accesses, type Ageable, ageOf, touchedAt } from './ageable.ts';
import { type AgeingSettings, ruleOf } from './settings.ts';

/** Why a memory goes: past its category's retention, not worth keeping, or said by another. */
export const pruneReasons = ['expired', 'irrelevant', 'redundant'] as const;
export type PruneReason = (typeof pruneReasons)[number];

/** What is never pruned and never shortened: what is pinned, and what is meant to stay for ever. */
export const isKept = (memory: Ageable, settings: Pick<AgeingSettings, 'categories'>): boolean =>
  memory.pinned ||
  memory.memoryType === 'PREFERENCE' ||
  ruleOf(settings, memory.category).retentionDays === null;

/** @returns why a memory should go by itself, or undefined when it should stay */
export function pruneReason(
  memory: Ageable,
  relevance: number,
  accesses: Accesses,
  settings: AgeingSettings,
  now: Date,
): Exclude<PruneReason, 'redundant'> | undefined {
  if (isKept(memory, settings)) return undefined;
  const { retentionDays } = ruleOf(settings, memory.category);
  if (retentionDays !== null && ageOf(memory, now) >= retentionDays * DAY_MS) return 'expired';
  const used = Math.max(touchedAt(memory), Date.parse(accesses.lastAt ?? memory.createdAt));
  const idle = now.getTime() - used >= settings.idleMs;
  return relevance < settings.pruneBelow && accesses.count < settings.minAccesses && idle
    ? 'irrelevant'
    : undefined;
}
