import { changes } from './dynamodb/expressions.ts';
import type { Item, Table, TransactAction } from './dynamodb/table.ts';
import { DAY_MS, toTtl } from './platform/clock.ts';
import { PARTITION_KEY, SORT_KEY } from './schema/tables.ts';

/**
 * In `agent_state`: `erased:{agentId}`, `erased:{agentId}#{sessionId}` / `ERASED`: it is being erased, or the time when
 * its erasure ended. Kept longer than a stream keeps a record, so that a late writer still finds it.
 */
const markKey = (name: string) => ({ [PARTITION_KEY]: `erased:${name}`, [SORT_KEY]: 'ERASED' });
const nameOfMark = (item: Item): string => String(item[PARTITION_KEY]).slice('erased:'.length);

export const ERASED_MARK_RETENTION_MS = 2 * DAY_MS;
const markTtl = (now: Date): number => toTtl(now.getTime() + ERASED_MARK_RETENTION_MS);

export const sessionMark = (agentId: string, sessionId: string): string => `${agentId}#${sessionId}`;

/**
 * True when a record of this name and this time (UTC ISO-8601) was erased. During the erasure that is every record of the
 * name. Afterwards it is every record from before its end: later records belong to a new agent under the same name.
 */
export type IsErased = (name: string, time: string) => boolean;

/** Marks of the agents and sessions erased lately. A session's mark is `{agentId}#{sessionId}`. */
export class ErasedMarks {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Notes that it is being erased. 1 write unit. */
  async mark(name: string): Promise<void> {
    await this.#set(name, false);
  }

  /** Notes that its erasure ended, with or without success. 1 write unit. */
  async end(name: string): Promise<void> {
    await this.#set(name, true);
  }

  /** Reads the marks of these names. 1 read unit for each, strongly consistent. */
  async readFor(names: Iterable<string>): Promise<IsErased> {
    const items = await this.#table.getAll([...new Set(names)].map(markKey));
    const marks = new Map(
      items.map((item) => [nameOfMark(item), { at: String(item['at']), over: item['over'] === true }]),
    );
    return (name, time) => {
      const mark = marks.get(name);
      return mark !== undefined && (!mark.over || time <= mark.at);
    };
  }

  /** Action for the transaction in which a run counts a marked agent without naming it. It fails the second time. */
  counting(name: string, runId: string): TransactAction {
    return this.#table.actions.update(markKey(name), changes({ add: { runs: new Set([runId]) } }), {
      expression: 'attribute_exists(#at) AND NOT contains(#runs, :runId)',
      names: { '#at': 'at', '#runs': 'runs' },
      values: { ':runId': runId },
    });
  }

  async #set(name: string, over: boolean): Promise<void> {
    const now = this.#table.clock();
    const mark = { at: now.toISOString(), over, ttl: markTtl(now) };
    await this.#table.update(markKey(name), changes({ set: mark }));
  }
}
