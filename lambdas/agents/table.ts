import { createHash } from 'node:crypto';
import type * as z from 'zod';
import { allOf, anyOf, type Changes, type Expression, hasVersion } from '../shared/dynamodb/expressions.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import { PARTITION_KEY, SORT_KEY, tables } from '../shared/schema/tables.ts';
import type { listedAgentSchema } from './contract.ts';

/** The part of an agent that the planner needs. */
export interface RegisteredAgent {
  readonly agentId: string;
  readonly agentType: string;
  /** Hour of the wall clock in which it last wrote (`2026-03-01T09`); absent when it never did. */
  readonly activeHour?: string;
}

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

/** Deregistered agents are on the index too, under keys of their own: their data is still there. */
export const deregisteredKey = (bucket: number): string => `deregistered#${bucket}`;

export const registryBucketOf = (agentId: string): number =>
  createHash('sha256').update(agentId).digest()[0]! % REGISTRY_BUCKETS;

export const registryIndex = tables.state.indexes.registry;

/**
 * The hour of the wall clock in which an agent last wrote, `2026-03-01T09`. An hour costs one write an hour instead of
 * one a decision, and is enough for the nightly planner to see which agents have anything new.
 */
export const activeHourOf = (now: Date): string => now.toISOString().slice(0, 13);

/** Changes of a profile's row that register its agent, whether it was known before or not. */
export const registration = (agentId: string, now: Date): Required<Pick<Changes, 'set' | 'setOnce'>> => ({
  set: { agentId, registryKey: registryKey(registryBucketOf(agentId)) },
  setOnce: { agentType: 'unknown', registeredAt: now.toISOString() },
});

/** The profile's row is of a registered agent. */
export const hasRegistration: Expression = {
  expression: 'begins_with(registryKey, :registered)',
  values: { ':registered': REGISTERED },
};

/**
 * The profile is at this version; 0: nothing was put yet. The counter of a deregistered agent's row goes on rising,
 * but its next profile is a first one again.
 */
export const hasProfileVersion = (version: number): Expression =>
  version === 0
    ? anyOf({ ...hasRegistration, expression: `NOT ${hasRegistration.expression}` }, hasVersion(undefined))
    : allOf(hasRegistration, hasVersion(version));

/** A deregistered agent's row stays, for the decision types on it, under another key of the index. */
export const isRegistered = (item: Item | undefined): item is Item =>
  String(item?.['registryKey'] ?? '').startsWith(REGISTERED);

/** Reads a row of the table, or of the registry index. */
export const listedFromItem = (item: Item): Omit<z.output<typeof listedAgentSchema>, 'health'> => ({
  agentId: item['agentId'] as string,
  type: item['agentType'] as string,
  capabilities: (item['capabilities'] as string[] | undefined) ?? [],
  ...(item['agentVersion'] !== undefined && { agentVersion: item['agentVersion'] as string }),
  registeredAt: item['registeredAt'] as string,
  ...(item['lastHeartbeatAt'] !== undefined && { lastHeartbeatAt: item['lastHeartbeatAt'] as string }),
});

/** Reads a row of the registry index. */
export const registeredFromItem = (item: Item): RegisteredAgent => ({
  agentId: item['agentId'] as string,
  agentType: item['agentType'] as string,
  activeHour: item['activeHour'] as string | undefined,
});

/** The number of puts of a profile; 0 for an agent that a write registered, and for one that is not registered. */
export const profileVersionOf = (item: Item | undefined): number =>
  isRegistered(item) ? Number(item['version'] ?? 0) : 0;

export const decisionTypesOf = (item: Item | undefined): string[] =>
  [...((item?.['decisionTypes'] as Set<string> | undefined) ?? [])].sort();
