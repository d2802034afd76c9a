import type { Memory } from '../memory.ts';

/** When a memory was last written or seen: what its age counts from. Milliseconds since the epoch. */
export const touchedAt = ({ createdAt, updatedAt, lastSeenAt }: Memory): number =>
  Math.max(Date.parse(createdAt), Date.parse(updatedAt), Date.parse(lastSeenAt));

export const ageOf = (memory: Memory, now: Date): number => now.getTime() - touchedAt(memory);
