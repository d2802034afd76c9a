import { changes, says } from '../shared/dynamodb/expressions.ts';
import type { Item, Key, Table } from '../shared/dynamodb/table.ts';
import { BoundedMap } from '../shared/platform/bounded-map.ts';
import { DAY_MS, MINUTE_MS, toTtl } from '../shared/platform/clock.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';

/** An instance relies on its own mark of a day for so long. */
const TRUSTED_MS = 5 * MINUTE_MS;
/**
 * Age of a mark at which every write that relied on it has ended: the time an instance relies on it and the longest
 * request, and as much again for clocks that differ.
 */
export const SETTLED_MS = 2 * TRUSTED_MS;
/** Limit of the days that one warm function instance remembers. */
const MAX_NOTED = 20_000;
/** Kept longer than any decision it could be about. */
const MARK_RETENTION_MS = 180 * DAY_MS;

/** In `agent_state`: `agent:{agentId}` / `TOUCHED#{day}`: a day whose rollup no longer matches its decisions. */
const markPartition = (agentId: string): string => `agent:${agentId}`;
const MARK_PREFIX = 'TOUCHED#';

const markKey = (agentId: string, day: string): Key => ({
  [PARTITION_KEY]: markPartition(agentId),
  [SORT_KEY]: `${MARK_PREFIX}${day}`,
});
const dayOfMark = (item: Item): string => String(item[SORT_KEY]).slice(MARK_PREFIX.length);

const markedAt = (now: Date) => ({
  at: now.toISOString(),
  ttl: toTtl(now.getTime() + MARK_RETENTION_MS),
});

export interface ChangedDay {
  readonly day: string;
  /** When it was last marked. */
  readonly at: string;
}

/**
 * UTC days whose decisions or outcomes were written since they were last rolled up. A day is marked before the write
 * it is marked for, so a killed writer leaves a day too many marked, and never one too few.
 */
export class ChangedDays {
  readonly #table: Table;
  /** The time at which this instance last marked a day, in milliseconds since the epoch. */
  readonly #noted = new BoundedMap<string, number>(MAX_NOTED);

  constructor(table: Table) {
    this.#table = table;
  }

  /** Says whether `note` would be free. */
  isNoted(agentId: string, timestamp: string): boolean {
    const noted = this.#noted.get(nameOf(agentId, timestamp));
    return noted !== undefined && this.#table.clock().getTime() - noted < TRUSTED_MS;
  }

  /**
   * Call before a decision of that day, or its outcome, is written. Free when this instance marked the day in the
   * last five minutes, 1 WRU otherwise.
   * @param timestamp of the decision
   */
  async note(agentId: string, timestamp: string): Promise<void> {
    if (this.isNoted(agentId, timestamp)) return;
    const now = this.#table.clock();
    await this.#table.update(markKey(agentId, dayOf(timestamp)), changes({ set: markedAt(now) }));
    this.#remember(agentId, timestamp, now);
  }

  /**
   * As `note` for each of many decisions, before they are written in bulk. 1 WRU for each day that is not marked yet,
   * in a twenty-fifth of the requests.
   *
   * @throws ThrottledError when DynamoDB keeps leaving marks unwritten: the decisions must not be written then
   */
  async noteAll(
    decisions: readonly { readonly agentId: string; readonly timestamp: string }[],
  ): Promise<void> {
    const fresh = new Map(
      decisions
        .filter(({ agentId, timestamp }) => !this.isNoted(agentId, timestamp))
        .map((decision) => [nameOf(decision.agentId, decision.timestamp), decision]),
    );
    const now = this.#table.clock();
    const days = [...fresh.values()];
    await this.#table.putAll(
      days.map(({ agentId, timestamp }) => ({ ...markKey(agentId, dayOf(timestamp)), ...markedAt(now) })),
    );
    for (const { agentId, timestamp } of days) this.#remember(agentId, timestamp, now);
  }

  #remember(agentId: string, timestamp: string, now: Date): void {
    this.#noted.set(nameOf(agentId, timestamp), now.getTime());
  }

  /** Oldest first, strongly consistent. 1 RRU for about 60 days. */
  async list(agentId: string): Promise<ChangedDay[]> {
    const marks = await this.#table.queryAll({
      partition: markPartition(agentId),
      sort: { prefix: MARK_PREFIX },
    });
    return marks.map((mark) => ({ day: dayOfMark(mark), at: String(mark['at']) }));
  }

  /** Call when a day is rolled up. One that was marked again meanwhile stays marked. */
  async clear(agentId: string, { day, at }: ChangedDay): Promise<void> {
    await this.#table.deleteIf(markKey(agentId, day), says({ at }));
  }
}

const dayOf = (timestamp: string): string => timestamp.slice(0, 10);
const nameOf = (agentId: string, timestamp: string): string => `${agentId}#${dayOf(timestamp)}`;
