import type * as z from 'zod';
import { parseTypedId } from '../shared/platform/ids.ts';
import type { freeFormSchema } from '../shared/schema/fields.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import { agentRowKey } from './table.ts';

/** `CURRENT`, and the snapshots of it: `CHECKPOINT#…` that an agent asked for, `BACKUP#…` that a restore made. */
type FreeForm = z.output<typeof freeFormSchema>;
type Item = Record<string, unknown>;

export type AgentStatus = 'active' | 'paused' | 'error' | 'learning' | 'backtest';

/** What an agent keeps of itself between its runs. */
export interface StateFields {
  readonly status: AgentStatus;
  readonly currentCycle?: number;
  readonly sourceMetrics?: FreeForm;
  readonly contextPerformance?: FreeForm;
  readonly configuration?: FreeForm;
  readonly data?: FreeForm;
}

export interface AgentState extends StateFields {
  readonly agentId: string;
  readonly version: number;
  readonly updatedAt: string;
  /** The checkpoint this state was restored from; gone with the next put. */
  readonly restoredFrom?: string;
}

export const STATE_FIELDS = [
  'status',
  'currentCycle',
  'sourceMetrics',
  'contextPerformance',
  'configuration',
  'data',
] as const satisfies readonly (keyof StateFields)[];

export const stateKey = (agentId: string) => agentRowKey(agentId, 'CURRENT');

export const stateFieldsOf = (item: Item): StateFields =>
  Object.fromEntries(
    STATE_FIELDS.filter((name) => item[name] !== undefined).map((name) => [name, item[name]]),
  ) as unknown as StateFields;

export const stateToItem = ({ agentId, ...state }: AgentState): Item => ({ ...stateKey(agentId), ...state });

export const stateFromItem = (agentId: string, item: Item): AgentState => ({
  agentId,
  ...stateFieldsOf(item),
  version: item['version'] as number,
  updatedAt: item['updatedAt'] as string,
  ...(item['restoredFrom'] !== undefined && { restoredFrom: item['restoredFrom'] as string }),
});

/** Replaces every field and raises the version, in one update and without a read. */
export function stateReplacement(fields: StateFields, now: Date) {
  const names: readonly (keyof StateFields)[] = STATE_FIELDS;
  const given = names.filter((name) => fields[name] !== undefined);
  const absent = names.filter((name) => fields[name] === undefined);
  return {
    UpdateExpression:
      `SET ${given.map((name) => `#${name} = :${name}`).join(', ')}, updatedAt = :now, ` +
      '#version = if_not_exists(#version, :zero) + :one ' +
      `REMOVE ${['restoredFrom', ...absent.map((name) => `#${name}`)].join(', ')}`,
    ExpressionAttributeNames: {
      '#version': 'version',
      ...Object.fromEntries(names.map((name) => [`#${name}`, name])),
    },
    ExpressionAttributeValues: {
      ...Object.fromEntries(given.map((name) => [`:${name}`, fields[name]])),
      ':now': now.toISOString(),
      ':zero': 0,
      ':one': 1,
    },
  };
}

export type SnapshotKind = 'checkpoint' | 'backup';

export const SNAPSHOT_TYPES = { checkpoint: 'CHECKPOINT', backup: 'BACKUP' } as const;

export interface SnapshotSummary {
  readonly agentId: string;
  /** `CHECKPOINT-{ULID}`, or `BACKUP-{ULID}` for what a restore replaced. */
  readonly checkpointId: string;
  readonly kind: SnapshotKind;
  readonly label?: string;
  /** Version of the state it is a copy of. */
  readonly stateVersion: number;
  readonly status: AgentStatus;
  readonly createdAt: string;
}

export interface Snapshot extends SnapshotSummary {
  readonly state: StateFields;
}

/** Kind and time of a snapshot, from its id alone; undefined when no snapshot can have that id. */
export function snapshotIdentity(checkpointId: string) {
  const id = parseTypedId(checkpointId);
  const kind = (['checkpoint', 'backup'] as const).find((each) => SNAPSHOT_TYPES[each] === id?.type);
  return id && kind && { kind, createdAt: id.timestamp };
}

/**
 * A snapshot is two items, because a query pays for whole items whatever it projects: a list of fifty reads fifty
 * heads of 200 bytes, not fifty states of up to 400 KB.
 */
export const headPrefix = (kind: SnapshotKind): string => `${SNAPSHOT_TYPES[kind]}#`;

export const snapshotHeadKey = (agentId: string, kind: SnapshotKind, checkpointId: string) =>
  agentRowKey(agentId, `${headPrefix(kind)}${checkpointId}`);

export const snapshotDataKey = (agentId: string, kind: SnapshotKind, checkpointId: string) =>
  agentRowKey(agentId, `${SNAPSHOT_TYPES[kind]}_DATA#${checkpointId}`);

export function snapshotToItems({ agentId, checkpointId, kind, label, stateVersion, state }: Snapshot) {
  return {
    head: { ...snapshotHeadKey(agentId, kind, checkpointId), label, stateVersion, status: state.status },
    data: { ...snapshotDataKey(agentId, kind, checkpointId), label, stateVersion, ...state },
  };
}

/** Of a head or of a data item: both end in the id. */
export function snapshotSummaryOf(agentId: string, item: Item): SnapshotSummary {
  const checkpointId = String(item[SORT_KEY]).split('#')[1]!;
  return {
    agentId,
    checkpointId,
    ...snapshotIdentity(checkpointId)!,
    ...(item['label'] !== undefined && { label: item['label'] as string }),
    stateVersion: item['stateVersion'] as number,
    status: item['status'] as AgentStatus,
  };
}

export const snapshotOf = (agentId: string, data: Item): Snapshot => ({
  ...snapshotSummaryOf(agentId, data),
  state: stateFieldsOf(data),
});
