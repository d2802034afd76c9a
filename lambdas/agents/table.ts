import { createHash } from 'node:crypto';
import { PARTITION_KEY, SORT_KEY, tables } from '../shared/schema/tables.ts';

/** Keys of an agent's own rows in `agent_state`. The registry index holds profiles only, in a few buckets. */
export const REGISTRY_BUCKETS = 8;

export const profileKey = (agentId: string) => ({
  [PARTITION_KEY]: `agent:${agentId}`,
  [SORT_KEY]: 'PROFILE',
});

export const registryKey = (bucket: number): string => `registry#${bucket}`;

export const registryBucketOf = (agentId: string): number =>
  createHash('sha256').update(agentId).digest()[0]! % REGISTRY_BUCKETS;

export const registryIndex = tables.state.indexes.registry;

/**
 * The hour of the wall clock in which an agent last wrote, `2026-03-01T09`. Coarse on purpose: it costs one write an
 * hour, not one a decision, and tells the nightly planner who has anything new.
 */
export const activeHourOf = (now: Date): string => now.toISOString().slice(0, 13);
