import type * as z from 'zod';
import type { Item } from '../shared/dynamodb/table.ts';
import { parseTypedId } from '../shared/platform/ids.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import type {
  checkpointSchema,
  kindSchema,
  snapshotSchema,
  stateFields,
  stateSchema,
} from './state-contract.ts';
import { agentRowKey } from './table.ts';

/** `CURRENT`, `STATE_VERSION#…` that it replaced, and its snapshots: `CHECKPOINT#…` that an agent asked for, `BACKUP#…` that a restore made. */
export type StateFields = z.output<z.ZodObject<typeof stateFields>>;
export type AgentState = z.output<typeof stateSchema>;

const STATE_FIELDS = [
  'status',
  'currentCycle',
  'sourceMetrics',
  'contextPerformance',
  'configuration',
  'data',
] as const satisfies readonly (keyof StateFields)[];

export const stateKey = (agentId: string) => agentRowKey(agentId, 'CURRENT');

const stateFieldsOf = (item: Item): StateFields =>
  Object.fromEntries(
    STATE_FIELDS.filter((name) => item[name] !== undefined).map((name) => [name, item[name]]),
  ) as StateFields;

export const stateToItem = ({ agentId, ...state }: AgentState): Item => ({ ...stateKey(agentId), ...state });

export const stateFromItem = (agentId: string, item: Item): AgentState => ({
  agentId,
  ...stateFieldsOf(item),
  version: item['version'] as number,
  updatedAt: item['updatedAt'] as string,
  ...(item['restoredFrom'] !== undefined && { restoredFrom: item['restoredFrom'] as string }),
});

/** Versions of a state that can be read, the current one among them. */
export const KEPT_VERSIONS = 50;

/** Versions are numbered without gaps, so each finds the row of the one 50 before it, and takes its place. */
export const versionKey = (agentId: string, version: number) =>
  agentRowKey(agentId, `STATE_VERSION#${String(version % KEPT_VERSIONS).padStart(2, '0')}`);

export const versionToItem = (state: AgentState): Item => ({
  ...stateToItem(state),
  ...versionKey(state.agentId, state.version),
});

export type SnapshotKind = z.output<typeof kindSchema>;
export type SnapshotSummary = z.output<typeof checkpointSchema>;
export type Snapshot = z.output<typeof snapshotSchema>;

export const SNAPSHOT_TYPES = { checkpoint: 'CHECKPOINT', backup: 'BACKUP' } as const;

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

/** Reads a head or a data item: the keys of both end in the id. */
export function snapshotSummaryOf(agentId: string, item: Item): SnapshotSummary {
  const checkpointId = String(item[SORT_KEY]).split('#')[1]!;
  return {
    agentId,
    checkpointId,
    ...snapshotIdentity(checkpointId)!,
    ...(item['label'] !== undefined && { label: item['label'] as string }),
    stateVersion: item['stateVersion'] as number,
    status: item['status'] as StateFields['status'],
  };
}

export const snapshotOf = (agentId: string, data: Item): Snapshot => ({
  ...snapshotSummaryOf(agentId, data),
  state: stateFieldsOf(data),
});
