import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import {
  agentPrefix,
  type ArchivedRecord,
  type ArchiveLine,
  type ArchiveReason,
  type ArchiveRecord,
  dayOf,
  dayOfSegment,
  dayPrefix,
  fromLine,
  objectKey,
  orderOf,
  pointerKey,
  toLine,
} from '../shared/archive-record.ts';
import { AnswerRoom } from '../shared/answer-room.ts';
import type { Clock } from '../shared/platform/clock.ts';
import { sha256 } from '../shared/platform/ids.ts';
import type { TableName } from '../shared/schema/tables.ts';
import type { OpenStore } from './object-store.ts';

/** Text of one object before compression: a reader holds all of it at a time. */
const MAX_OBJECT_CHARACTERS = 4_000_000;
/** Objects written or read at the same time. */
const CONCURRENCY = 10;
/** After this many objects a page ends with the day: a busy agent makes up to 288 a day. */
const OBJECTS_PER_PAGE = 300;

const compress = promisify(gzip);
const decompress = promisify(gunzip);

export interface ArchiveQuery {
  readonly table: TableName;
  readonly agentId: string;
  readonly id?: string;
  /** Inclusive bounds of the record's own time. */
  readonly from?: string;
  readonly to?: string;
}

export interface ArchivePage {
  readonly records: ArchivedRecord[];
  /** The position to go on after; absent: there is no more. */
  readonly last?: string;
}

interface Group {
  readonly agentId: string;
  readonly day: string;
  readonly records: ArchiveRecord[];
}

/**
 * Records that are no longer in the tables: gzipped JSON lines under
 * `records/table={table}/agent={agentId}/date={yyyy-mm-dd}/`. An object is named by the records in it, so the same
 * batch written again replaces itself. A repeat that was cut differently may write a record twice; it is read as one.
 *
 * Writing costs one PUT ($5 a million) for each agent and day in a batch, and for each session or memory of a user.
 * Reading costs one GET ($0.40 a million) for each object of the days looked at, and one LIST ($5 a million) for each
 * thousand days or objects.
 */
export class Archive {
  readonly #open: OpenStore;
  readonly #clock: Clock;
  readonly #objectsPerPage: number;

  constructor(open: OpenStore, clock: Clock, objectsPerPage = OBJECTS_PER_PAGE) {
    this.#open = open;
    this.#clock = clock;
    this.#objectsPerPage = objectsPerPage;
  }

  /**
   * Once it returns every record is stored: only then may a caller delete it from its table.
   * @throws when any could not be stored; others may have been
   */
  async write(table: TableName, records: readonly ArchiveRecord[], reason: ArchiveReason): Promise<void> {
    const failed = (await this.tryWrite(table, records, reason)).find((error) => error !== undefined);
    if (failed) throw failed;
  }

  /** @returns for each record its error, undefined when it is stored */
  async tryWrite(
    table: TableName,
    records: readonly ArchiveRecord[],
    reason: ArchiveReason,
  ): Promise<(Error | undefined)[]> {
    const errors = new Map<ArchiveRecord, Error>();
    const archivedAt = this.#clock().toISOString();
    const pending = groupsOf(records);
    await atOnce(pending, async (group) => {
      try {
        await this.#writeGroup(table, group, reason, archivedAt);
      } catch (error) {
        for (const record of group.records) errors.set(record, error as Error);
      }
    });
    return records.map((record) => errors.get(record));
  }

  /** One page, newest first, at most `limit` and what one answer holds; may end before there is no more. */
  async read(query: ArchiveQuery, limit: number, after?: string): Promise<ArchivePage> {
    const { table, agentId, from, to } = query;
    const found: ArchivedRecord[] = [];
    const days = await this.#days(query);
    const answer = new AnswerRoom();
    let objects = 0;
    for (const [i, day] of days.entries()) {
      if (after !== undefined && (day > dayOf(after) || day === after)) continue;
      const ofDay = new Map<string, ArchivedRecord>();
      const room = limit - found.length;
      for await (const record of this.#ofDay(table, agentId, day, () => objects++)) {
        const order = orderOf(record);
        if (query.id !== undefined && record.id !== query.id) continue;
        if ((from !== undefined && record.timestamp < from) || (to !== undefined && record.timestamp > to))
          continue;
        if (after !== undefined && order >= after) continue;
        ofDay.set(order, record);
        // At most twice what is wanted is kept, however much a day holds.
        if (ofDay.size >= 2 * room + 100) keepNewest(ofDay, room + 1);
      }
      const newest = [...ofDay].sort(newestFirst);
      const shown = answer.takeLeading(newest, room, ([, record]) => record);
      found.push(...shown.map(([, record]) => record));
      if (newest.length > shown.length) return { records: found, last: orderOf(found.at(-1)!) };
      const more = i < days.length - 1;
      if (more && (found.length === limit || objects >= this.#objectsPerPage))
        return { records: found, last: day };
    }
    return { records: found };
  }

  async #writeGroup(
    table: TableName,
    { agentId, day, records }: Group,
    reason: ArchiveReason,
    archivedAt: string,
  ): Promise<void> {
    const store = await this.#open();
    // Pointers first: one to nothing does no harm, but a record without its pointer would outlive its user's erasure.
    const pointers = records.flatMap(({ userId, id }) =>
      userId === undefined ? [] : [pointerKey({ userId, table, agentId, day, id })],
    );
    await atOnce([...new Set(pointers)], (key) => store.put(key, new Uint8Array()));
    const text = records.map((record) => `${JSON.stringify(toLine(record, reason, archivedAt))}\n`).join('');
    const name = sha256(
      records
        .map(({ key, version }) => `${key}#${version}`)
        .sort()
        .join('\n'),
    ).slice(0, 32);
    await store.put(objectKey(table, agentId, day, name), await compress(text));
  }

  /** Days that hold something, newest first. */
  async #days({ table, agentId, from = '', to = '~' }: ArchiveQuery): Promise<string[]> {
    const store = await this.#open();
    const days: string[] = [];
    for await (const segment of store.folders(agentPrefix(table, agentId))) {
      const day = dayOfSegment(segment);
      if (day >= dayOf(from) && day <= dayOf(to)) days.push(day);
    }
    return days.reverse();
  }

  async *#ofDay(
    table: TableName,
    agentId: string,
    day: string,
    onObject: () => void,
  ): AsyncGenerator<ArchivedRecord> {
    const store = await this.#open();
    const keys: string[] = [];
    const readAll = async () => {
      const bodies = await Promise.all(keys.splice(0).map((key) => store.get(key)));
      return Promise.all(bodies.flatMap((body) => (body ? [linesOf(body)] : [])));
    };
    for await (const key of store.list(dayPrefix(table, agentId, day))) {
      onObject();
      keys.push(key);
      if (keys.length === CONCURRENCY)
        for (const lines of await readAll()) yield* lines.map((line) => fromLine(table, agentId, line));
    }
    for (const lines of await readAll()) yield* lines.map((line) => fromLine(table, agentId, line));
  }
}

/** @throws Error when it is no object of the archive */
export async function linesOf(body: Uint8Array): Promise<ArchiveLine[]> {
  const text = (await decompress(body)).toString('utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as ArchiveLine]));
}

/** By agent and day, and no larger than an object may be. */
function groupsOf(records: readonly ArchiveRecord[]): Group[] {
  const groups: Group[] = [];
  const open = new Map<string, { readonly group: Group; characters: number }>();
  for (const record of records) {
    const { agentId } = record;
    const day = dayOf(record.timestamp);
    const name = `${agentId}#${day}`;
    const length = JSON.stringify(record.record).length;
    let current = open.get(name);
    if (!current || current.characters + length > MAX_OBJECT_CHARACTERS) {
      current = { group: { agentId, day, records: [] }, characters: 0 };
      open.set(name, current);
      groups.push(current.group);
    }
    current.group.records.push(record);
    current.characters += length;
  }
  return groups;
}

type Ordered = readonly [order: string, record: ArchivedRecord];

const newestFirst = ([a]: Ordered, [b]: Ordered): number => (a < b ? 1 : -1);

function keepNewest(records: Map<string, ArchivedRecord>, count: number): void {
  for (const [order] of [...records].sort(newestFirst).slice(count)) records.delete(order);
}

async function atOnce<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) await run(items[next++]!);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}
