import { type Ageable, ageOf } from './ageable.ts';
import { type AgeingSettings, type Tier, tierNames } from './settings.ts';

/** The tier of a memory's age, without regard to how many there are. */
export function tierOfAge(ageMs: number, { tiers }: Pick<AgeingSettings, 'tiers'>): Tier {
  return tierNames.find((tier) => tier === 'archive' || ageMs < tiers[tier].maxAgeMs)!;
}

const lower = (a: Tier, b: Tier): Tier => (tierNames.indexOf(a) > tierNames.indexOf(b) ? a : b);

/**
 * The tier of each memory: the lower of where it is and where its age puts it; where a tier then holds more than its
 * cap, what is over goes one down, and so on. Down only, so that what was shortened on the way is not called hot again.
 * @param ranked the most valuable first: those are the last to go down
 */
export function assignTiers<M extends Ageable>(
  ranked: readonly M[],
  settings: Pick<AgeingSettings, 'tiers'>,
  now: Date,
): Map<string, Tier> {
  const held: Record<Tier, number> = { hot: 0, warm: 0, cold: 0, archive: 0 };
  const assigned = new Map<string, Tier>();
  for (const memory of ranked) {
    const highest = lower(memory.tier, tierOfAge(ageOf(memory, now), settings));
    const tier = tierNames
      .slice(tierNames.indexOf(highest))
      .find((name) => name === 'archive' || held[name] < settings.tiers[name].cap)!;
    held[tier]++;
    assigned.set(memory.memoryId, tier);
  }
  return assigned;
}
