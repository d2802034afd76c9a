import { createHash } from 'node:crypto';
import { PARTITION_KEY, SORT_KEY, tables } from '../shared/schema/tables.ts';

/** Keys of an agent's own rows in `agent_state`. The registry index holds profiles only, in a few buckets. */
export const REGISTRY_BUCKETS = 8;

export const agentPartition = (agentId: string): string => `agent:${agentId}`;

export const agentRowKey = (agentId: string, sortKey: string) => ({
  [PARTITION_KEY]: agentPartition(agentId),
  [SORT_KEY]: sortKey,
});

export const profileKey = (agentId: string) => agentRowKey(agentId, 'PROFILE');

const REGISTERED = 'registry#';

export const registryKey = (bucket: number): string => `${REGISTERED}${bucket}`;

/** Deregistered agents are on the index as well, apart: what they stored is still there. */
export const deregisteredKey = (bucket: number): string => `deregistered#${bucket}`;

/** A condition on a profile's row; its value is in `registeredValue`. */
export const REGISTERED_CONDITION = 'begins_with(registryKey, :registered)';
export const registeredValue = { ':registered': REGISTERED };

export const registryBucketOf = (agentId: string): number =>
  createHash('sha256').update(agentId).digest()[0]! % REGISTRY_BUCKETS;

export const registryIndex = tables.state.indexes.registry;

/**
 * The hour of the wall clock in which an agent last wrote, `2026-03-01T09`. Coarse on purpose: it costs one write an
 * hour, not one a decision, and tells the nightly planner who has anything new.
 */
export const activeHourOf = (now: Date): string => now.toISOString().slice(0, 13);

/** Assignments that make a profile's row a registered agent, whatever was there; values in `registrationValues`. */
export const REGISTRATION =
  'agentId = :agentId, registryKey = :registryKey, agentType = if_not_exists(agentType, :unknown), ' +
  'registeredAt = if_not_exists(registeredAt, :now)';

export const registrationValues = (agentId: string, now: Date) => ({
  ':agentId': agentId,
  ':registryKey': registryKey(registryBucketOf(agentId)),
  ':unknown': 'unknown',
  ':now': now.toISOString(),
});

type Item = Record<string, unknown>;

/** A deregistered agent's row stays, for the decision types on it, under another key of the index. */
export const isRegistered = (item: Item | undefined): item is Item =>
  String(item?.['registryKey'] ?? '').startsWith(REGISTERED);

/** What an agent is, as the registry lists it. */
export interface RegistryEntry {
  readonly agentId: string;
  readonly type: string;
  readonly capabilities: string[];
  /** What its owner calls the version of the agent, e.g. `2.1.0`. */
  readonly agentVersion?: string;
  readonly registeredAt: string;
  readonly lastHeartbeatAt?: string;
}

/** Of a row of the table, or of the registry index. */
export const registryEntryOf = (item: Item): RegistryEntry => ({
  agentId: item['agentId'] as string,
  type: item['agentType'] as string,
  capabilities: (item['capabilities'] as string[] | undefined) ?? [],
  ...(item['agentVersion'] !== undefined && { agentVersion: item['agentVersion'] as string }),
  registeredAt: item['registeredAt'] as string,
  ...(item['lastHeartbeatAt'] !== undefined && { lastHeartbeatAt: item['lastHeartbeatAt'] as string }),
});

/** How often a profile was put; 0 for an agent that a write registered, and for one that is not registered. */
export const profileVersionOf = (item: Item | undefined): number =>
  isRegistered(item) ? Number(item['version'] ?? 0) : 0;

export const decisionTypesOf = (item: Item | undefined): string[] =>
  [...((item?.['decisionTypes'] as Set<string> | undefined) ?? [])].sort();
