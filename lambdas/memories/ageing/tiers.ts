import type { Memory } from '../memory.ts';
import { type MemoryTier, memoryTiers } from '../memory-stages.ts';
import { ageOf } from './age.ts';
import type { AgeingSettings } from './settings.ts';

/** The tier of a memory's age, without regard to how many there are. */
export function tierOfAge(ageMs: number, { tiers }: Pick<AgeingSettings, 'tiers'>): MemoryTier {
  return memoryTiers.find((tier) => tier === 'archive' || ageMs < tiers[tier].maxAgeMs)!;
}

const lower = (a: MemoryTier, b: MemoryTier): MemoryTier =>
  memoryTiers.indexOf(a) > memoryTiers.indexOf(b) ? a : b;

/**
 * The tier of each memory: the lower of where it is and where its age puts it; where a tier then holds more than its
 * cap, what is over goes one down, and so on. Down only, so that what was shortened on the way is not called hot again.
 * @param ranked the most valuable first: those are the last to go down
 */
export function assignTiers(
  ranked: readonly Memory[],
  settings: Pick<AgeingSettings, 'tiers'>,
  now: Date,
): Map<string, MemoryTier> {
  const held: Record<MemoryTier, number> = { hot: 0, warm: 0, cold: 0, archive: 0 };
  const assigned = new Map<string, MemoryTier>();
  for (const memory of ranked) {
    const highest = lower(memory.tier, tierOfAge(ageOf(memory, now), settings));
    const tier = memoryTiers
      .slice(memoryTiers.indexOf(highest))
      .find((name) => name === 'archive' || held[name] < settings.tiers[name].cap)!;
    held[tier]++;
    assigned.set(memory.memoryId, tier);
  }
  return assigned;
}
