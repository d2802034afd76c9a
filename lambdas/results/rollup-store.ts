import { setTimeout as sleep } from 'node:timers/promises';
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { ThrottledError } from '../shared/errors.ts';
import { queryAll } from '../shared/dynamodb/query-all.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { type Grouping, GroupTallies } from './grouping.ts';
import { type Cover, runsOf } from './periods.ts';
import {
  daySortKey,
  fromRollupItem,
  type Level,
  levelRange,
  loggedOnOfRow,
  monthSortKey,
  periodOfRow,
  rollupPartition,
  toRollupItem,
  yearSortKey,
} from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

type Item = Record<string, unknown>;

/** Results of one stretch of time. */
export interface Stretch {
  /** Its first day. */
  readonly from: string;
  readonly tallies: GroupTallies;
}

/** Results of the decisions of one day that were logged on one day. */
export interface LoggedStretch extends Stretch {
  readonly loggedOn: string;
}

const BATCH_SIZE = 25;
const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 20;
/** Days that are read without being asked for cost less than another query. */
const MAX_GAP_DAYS = 62;

const inOrder = (stretches: readonly Stretch[]): GroupTallies => {
  const all = new GroupTallies();
  for (const { tallies } of stretches) all.append(tallies);
  return all;
};

/** Rows of rollups, read strongly consistent: what a night has cleared is there to be read. */
export class RollupStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** What is known of these years, months and days, in order of time. A query each, and one more for a gap of two months. */
  async stretches(agentId: string, grouping: Grouping, { years, months, days }: Cover): Promise<Stretch[]> {
    const read = await Promise.all([
      this.#periods(agentId, grouping, 'Y', years, years.length > 0 ? [[years[0]!, years.at(-1)!]] : []),
      this.#periods(agentId, grouping, 'M', months, monthRuns(months)),
      this.#periods(
        agentId,
        grouping,
        'D',
        days,
        runsOf(days, MAX_GAP_DAYS).map(({ from, to }) => [from, to] as const),
      ),
    ]);
    return read.flat().sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  }

  /** Days on which decisions of a day were logged, where they were rolled up. */
  async loggedOn(agentId: string, day: string): Promise<Set<string>> {
    return new Set((await this.#rows(agentId, 'all', 'D', day, day)).map(loggedOnOfRow));
  }

  /** What is rolled up of these days' decisions that were logged up to a day, that included. A query a run of days. */
  async loggedUntil(
    agentId: string,
    grouping: Grouping,
    days: readonly string[],
    until: string,
  ): Promise<LoggedStretch[]> {
    const asked = new Set(days);
    const read = await Promise.all(
      runsOf(days, MAX_GAP_DAYS).map(({ from, to }) => this.#rows(agentId, grouping, 'D', from, to)),
    );
    return read
      .flat()
      .filter((row) => asked.has(periodOfRow(row)) && loggedOnOfRow(row) <= until)
      .map((row) => ({
        from: periodOfRow(row),
        loggedOn: loggedOnOfRow(row),
        tallies: fromRollupItem(row),
      }));
  }

  async putDays(
    agentId: string,
    rows: readonly { grouping: Grouping; day: string; loggedOn: string; tallies: GroupTallies }[],
  ): Promise<void> {
    await this.#put(
      rows.map(({ grouping, day, loggedOn, tallies }) =>
        toRollupItem(agentId, grouping, daySortKey(day, loggedOn), tallies),
      ),
    );
  }

  /** Adds a month up from its days. A query for each grouping, and one write of all rows. */
  async putMonth(agentId: string, groupings: readonly Grouping[], month: string): Promise<void> {
    await this.#putSums(agentId, groupings, 'D', month, monthSortKey(month));
  }

  /** Adds a year up from its months, likewise. */
  async putYear(agentId: string, groupings: readonly Grouping[], year: string): Promise<void> {
    await this.#putSums(agentId, groupings, 'M', year, yearSortKey(year));
  }

  async #putSums(
    agentId: string,
    groupings: readonly Grouping[],
    level: Level,
    period: string,
    sortKey: string,
  ): Promise<void> {
    const items = groupings.map(async (grouping) => {
      const rows = await this.#rows(agentId, grouping, level, period, period);
      const sum = inOrder(rows.map((row) => ({ from: periodOfRow(row), tallies: fromRollupItem(row) })));
      return toRollupItem(agentId, grouping, sortKey, sum);
    });
    await this.#put(await Promise.all(items));
  }

  async #periods(
    agentId: string,
    grouping: Grouping,
    level: Level,
    wanted: readonly string[],
    ranges: readonly (readonly [string, string])[],
  ): Promise<Stretch[]> {
    const asked = new Set(wanted);
    const read = await Promise.all(
      ranges.map(([from, to]) => this.#rows(agentId, grouping, level, from, to)),
    );
    return read
      .flat()
      .filter((row) => asked.has(periodOfRow(row)))
      .map((row) => ({ from: periodOfRow(row), tallies: fromRollupItem(row) }));
  }

  async #rows(
    agentId: string,
    grouping: Grouping,
    level: Level,
    first: string,
    last: string,
  ): Promise<Item[]> {
    const { from, to } = levelRange(level, first, last);
    return queryAll(this.#table.documents, {
      TableName: this.#table.name,
      KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to',
      ExpressionAttributeNames: { '#pk': PARTITION_KEY, '#sk': SORT_KEY },
      ExpressionAttributeValues: {
        ':pk': rollupPartition(agentId, grouping),
        ':from': from,
        ':to': to,
      },
    });
  }

  /** @throws ThrottledError when DynamoDB keeps leaving rows unwritten */
  async #put(items: readonly Item[]): Promise<void> {
    for (let start = 0; start < items.length; start += BATCH_SIZE) {
      let requests = items.slice(start, start + BATCH_SIZE).map((Item) => ({ PutRequest: { Item } }));
      for (let attempt = 0; requests.length > 0; attempt++) {
        if (attempt === ATTEMPTS) throw new ThrottledError('Too many requests; slow down and retry');
        if (attempt > 0) await sleep(Math.random() * FIRST_PAUSE_MS * 2 ** attempt);
        const { UnprocessedItems } = await this.#table.documents.send(
          new BatchWriteCommand({ RequestItems: { [this.#table.name]: requests } }),
        );
        requests = (UnprocessedItems?.[this.#table.name] ?? []) as typeof requests;
      }
    }
  }
}

/** Months at the two ends of a long window have years between them, which are not read month by month. */
function monthRuns(months: readonly string[]): (readonly [string, string])[] {
  return runsOf(
    months.map((month) => `${month}-01`),
    MAX_GAP_DAYS,
  ).map(({ from, to }) => [from.slice(0, 7), to.slice(0, 7)] as const);
}
