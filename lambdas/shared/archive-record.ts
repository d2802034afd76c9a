import type { TableName } from './schema/tables.ts';

/** Reason to archive a record: it expired, or the nightly run or its agent removed it. */
export type ArchiveReason = 'expired' | 'pruned' | 'merged' | 'compressed' | 'deleted';

/** A row of a table, as the archive keeps it. */
export interface ArchiveRecord {
  /** Owner of the record: the only agent that may read it back. */
  readonly agentId: string;
  /** The id it is requested by: `decisionId`, `signalId`, `sessionId`, `memoryId`. */
  readonly id: string;
  /** `decision`, `delivery`, `message`, … */
  readonly kind: string;
  /** The record's own time, UTC ISO-8601 in milliseconds; its day is the partition. */
  readonly timestamp: string;
  /** Unique within the table. Two copies with the same key and version are one record. */
  readonly key: string;
  /** Of one key the versions are records of their own. */
  readonly version: number;
  readonly record: Readonly<Record<string, unknown>>;
  /** The user it is about, if it names one. A pointer beside the records finds it when that user is erased. */
  readonly userId?: string;
}

/** One line of an object. Names are Athena's columns: lower case. */
export interface ArchiveLine {
  readonly id: string;
  readonly kind: string;
  readonly timestamp: string;
  readonly key: string;
  readonly version: number;
  readonly reason: ArchiveReason;
  readonly archivedat: string;
  /** JSON text: a record's own fields differ from row to row, and a column cannot. */
  readonly record: string;
}

export interface ArchivedRecord extends ArchiveRecord {
  readonly table: TableName;
  readonly reason: ArchiveReason;
  readonly archivedAt: string;
}

const ROOT = 'records/';
const USERS_ROOT = 'users/';

export const dayOf = (timestamp: string): string => timestamp.slice(0, 10);

/** The layout Athena's table is defined on (lib/constructs/archive-catalog.ts). */
export const agentPrefix = (table: TableName, agentId: string): string =>
  `${ROOT}table=${table}/agent=${agentId}/`;

const DAY_SEGMENT = 'date=';

export const dayPrefix = (table: TableName, agentId: string, day: string): string =>
  `${agentPrefix(table, agentId)}${DAY_SEGMENT}${day}/`;

export const dayOfSegment = (segment: string): string => segment.slice(DAY_SEGMENT.length);

export const objectKey = (table: TableName, agentId: string, day: string, name: string): string =>
  `${dayPrefix(table, agentId, day)}${name}.jsonl.gz`;

/** Place of a user's record in the archive. The key has all of it; the object is empty. */
export interface UserPointer {
  readonly userId: string;
  readonly table: TableName;
  readonly agentId: string;
  readonly day: string;
  readonly id: string;
}

export const userPrefix = (userId: string): string => `${USERS_ROOT}user=${userId}/`;

export const pointerKey = ({ userId, table, agentId, day, id }: UserPointer): string =>
  `${userPrefix(userId)}table=${table}/agent=${agentId}/${DAY_SEGMENT}${day}/${id}`;

/** @throws Error when it is no key of a pointer */
export function pointerOf(key: string): UserPointer {
  const match = /^users\/user=([^/]+)\/table=([^/]+)\/agent=([^/]+)\/date=([^/]+)\/([^/]+)$/.exec(key);
  if (!match) throw new Error(`not a pointer: ${key}`);
  const [, userId, table, agentId, day, id] = match as unknown as [
    string,
    string,
    TableName,
    string,
    string,
    string,
  ];
  return { userId, table, agentId, day, id };
}

export const toLine = (
  { id, kind, timestamp, key, version, record }: ArchiveRecord,
  reason: ArchiveReason,
  archivedAt: string,
): ArchiveLine => ({
  id,
  kind,
  timestamp,
  key,
  version,
  reason,
  archivedat: archivedAt,
  record: JSON.stringify(record),
});

export const fromLine = (table: TableName, agentId: string, line: ArchiveLine): ArchivedRecord => {
  const { archivedat, record, ...rest } = line;
  return {
    ...rest,
    table,
    agentId,
    archivedAt: archivedat,
    record: JSON.parse(record) as ArchivedRecord['record'],
  };
};

/** Newest first, by text: what an order is compared with may be a day, which comes before all of its records. */
export const orderOf = ({ timestamp, key, version }: Pick<ArchiveRecord, 'timestamp' | 'key' | 'version'>) =>
  `${timestamp}#${key}#${String(version).padStart(10, '0')}`;
