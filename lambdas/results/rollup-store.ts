import type { Item, Table } from '../shared/dynamodb/table.ts';
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

/** A gap of up to this many days is read without being asked for: that costs less than another query. */
const MAX_GAP_DAYS = 62;

const inOrder = (stretches: readonly Stretch[]): GroupTallies => {
  const all = new GroupTallies();
  for (const { tallies } of stretches) all.append(tallies);
  return all;
};

/** Rows of rollups, read strongly consistent: a day whose mark a night has cleared is there to be read. */
export class RollupStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Results of these years, months and days, in order of time. A query each, and one more for a gap of two months. */
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

  /** Results of these days' decisions that were logged up to and on a day. A query for each run of days. */
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
    await this.#table.putAll(
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
    await this.#table.putAll(await Promise.all(items));
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

  #rows(agentId: string, grouping: Grouping, level: Level, first: string, last: string): Promise<Item[]> {
    return this.#table.queryAll({
      partition: rollupPartition(agentId, grouping),
      sort: levelRange(level, first, last),
    });
  }
}

/** Months at the two ends of a long window have years between them, which are not read month by month. */
function monthRuns(months: readonly string[]): (readonly [string, string])[] {
  return runsOf(
    months.map((month) => `${month}-01`),
    MAX_GAP_DAYS,
  ).map(({ from, to }) => [from.slice(0, 7), to.slice(0, 7)] as const);
}
