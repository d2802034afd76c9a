import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { archivedDecision } from '../decisions/archived-decision.ts';
import type { ArchiveRecord } from '../shared/archive-record.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import type { Clock } from '../shared/platform/clock.ts';
import { type EnvironmentOf, resourceName } from '../shared/platform/env.ts';
import { type ErasedMarks, sessionMark } from '../shared/erased-marks.ts';
import type { TableName } from '../shared/schema/tables.ts';
import type { ExpiringKind } from '../rooms.ts';
import { archivedSession } from '../sessions/archived-session.ts';
import { archivedDelivery } from '../signals/archived-delivery.ts';
import type { Archive } from './archive.ts';

/**
 * The rows worth keeping, one entry for each kind that a room says it archives. Left out of `agent_state`: counters,
 * working memory, signals seen, exposures, rows of spans and reports of runs. The substance of each is in a decision, a
 * signal or a pattern.
 */
const kinds: {
  readonly [Kind in ExpiringKind as Kind['kind']]: {
    readonly table: Kind['table'];
    /** @returns none when the row is of another kind */
    readonly recordsOf: (item: Item, now: Date) => readonly ArchiveRecord[];
  };
} = {
  decision: { table: 'decisions', recordsOf: (item) => [archivedDecision(item) ?? []].flat() },
  session: { table: 'state', recordsOf: (item, now) => [archivedSession(item, now) ?? []].flat() },
  delivery: { table: 'signals', recordsOf: archivedDelivery },
};

/** The variables that name the tables with streams. */
export const streamedTables = {
  DECISIONS_TABLE: resourceName,
  STATE_TABLE: resourceName,
  SIGNALS_TABLE: resourceName,
};
export type StreamedTables = EnvironmentOf<typeof streamedTables>;

/** The tables of the streams by their ARNs: `arn:aws:dynamodb:{region}:{account}:table/{name}/stream/{label}`. */
export function streamTables(env: StreamedTables): (streamArn: string) => TableName | undefined {
  const tables = new Map<string, TableName>([
    [env.DECISIONS_TABLE, 'decisions'],
    [env.STATE_TABLE, 'state'],
    [env.SIGNALS_TABLE, 'signals'],
  ]);
  return (streamArn) => tables.get(streamArn.split('/')[1] ?? '');
}

type Image = Record<string, AttributeValue>;

/** The archive's records of a row. @throws Error when the row is not of the kind its key says */
export function recordsOfImage(table: TableName, image: Image, now: Date): readonly ArchiveRecord[] {
  const item = unmarshall(image, { wrapNumbers: Number });
  return Object.values(kinds)
    .filter((kind) => kind.table === table)
    .flatMap(({ recordsOf }) => recordsOf(item, now));
}

export interface ArchivingReport {
  /** The answer to Lambda: everything from the first failed record on comes again. */
  readonly response: DynamoDBBatchResponse;
  readonly archived: number;
  readonly failures: readonly { readonly sequenceNumber: string; readonly error: Error }[];
}

/**
 * The streams' deletions by age → the archive. A batch is answered only when its objects are written, so one that is
 * killed in between comes again and replaces them. Deletions by the service itself are skipped: the nightly run archives
 * what it deletes beforehand, and erased records must not come back.
 */
export class ExpiredRecords {
  readonly #archive: Archive;
  readonly #tableOf: (streamArn: string) => TableName | undefined;
  readonly #erased: ErasedMarks;
  readonly #clock: Clock;

  /** @param tableOf the table of a stream */
  constructor(
    archive: Archive,
    tableOf: (streamArn: string) => TableName | undefined,
    erased: ErasedMarks,
    clock: Clock,
  ) {
    this.#archive = archive;
    this.#erased = erased;
    this.#tableOf = tableOf;
    this.#clock = clock;
  }

  async archive(event: DynamoDBStreamEvent): Promise<ArchivingReport> {
    const failures = new Map<string, Error>();
    let archived = 0;
    for (const [table, records] of this.#byTable(event.Records)) {
      const rows = await this.#withoutErased(
        records.filter(isExpiry).flatMap((record) => this.#rowsOf(table, record, failures)),
      );
      const errors = await this.#archive.tryWrite(
        table,
        rows.map(({ row }) => row),
        'expired',
      );
      rows.forEach(({ sequenceNumber }, i) => {
        if (errors[i]) failures.set(sequenceNumber, errors[i]);
        else archived++;
      });
    }
    // The records of a batch are in the order of the shard.
    const first = event.Records.map(sequenceOf).find((sequenceNumber) => failures.has(sequenceNumber));
    return {
      response: { batchItemFailures: first === undefined ? [] : [{ itemIdentifier: first }] },
      archived,
      failures: [...failures].map(([sequenceNumber, error]) => ({ sequenceNumber, error })),
    };
  }

  #byTable(records: readonly DynamoDBRecord[]): Map<TableName, DynamoDBRecord[]> {
    const tables = new Map<TableName, DynamoDBRecord[]>();
    for (const record of records) {
      const table = this.#tableOf(record.eventSourceARN ?? '');
      if (!table) throw new Error(`a record of an unknown stream: ${record.eventSourceARN}`);
      tables.set(table, [...(tables.get(table) ?? []), record]);
    }
    return tables;
  }

  /** Drops what was erased while it was in flight from a stream. A row that came after its erasure stays. */
  async #withoutErased<Row extends { readonly row: ArchiveRecord }>(rows: readonly Row[]): Promise<Row[]> {
    const isErased = await this.#erased.readFor(rows.flatMap(({ row }) => namesOf(row)));
    return rows.filter(({ row }) => !namesOf(row).some((name) => isErased(name, row.timestamp)));
  }

  #rowsOf(table: TableName, record: DynamoDBRecord, failures: Map<string, Error>) {
    const sequenceNumber = sequenceOf(record);
    try {
      const image = (record.dynamodb?.OldImage ?? {}) as Image;
      return recordsOfImage(table, image, this.#clock()).map((row) => ({ sequenceNumber, row }));
    } catch (error) {
      failures.set(sequenceNumber, error as Error);
      return [];
    }
  }
}

/** Everything whose erasure removes this record too: its agents, and the session it belongs to. */
export function namesOf({ agentId, id, kind, record }: ArchiveRecord): string[] {
  const { sourceAgent, targetAgent, sessionId } = record as Readonly<Record<string, string | undefined>>;
  if (kind === 'delivery') return [sourceAgent!, targetAgent!];
  const session = kind === 'decision' ? sessionId : id;
  return session === undefined ? [agentId] : [agentId, sessionMark(agentId, session)];
}

const sequenceOf = ({ dynamodb }: DynamoDBRecord): string => dynamodb?.SequenceNumber ?? '';

/** A deletion by TTL names DynamoDB as the user. The event source filters by the same. */
const isExpiry = ({ eventName, userIdentity }: DynamoDBRecord): boolean => {
  const { type, principalId } = (userIdentity ?? {}) as { type?: string; principalId?: string };
  return eventName === 'REMOVE' && type === 'Service' && principalId === 'dynamodb.amazonaws.com';
};
