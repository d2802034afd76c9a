import type { Clock } from '../shared/platform/clock.ts';
import { byTime, type DayResults } from './day-results.ts';
import { dayOf, type DecisionResult } from './decision-result.ts';
import { type Grouping, GroupTallies, isSummed } from './grouping.ts';
import { coverOf, dayAt, monthOf, runsOf } from './periods.ts';
import type { RollupStore, Stretch } from './rollup-store.ts';
import type { TouchedDays } from './touched-days.ts';

/** Decisions of today and of days that changed since their rollup that one request reads. */
export const MAX_LIVE_DECISIONS = 100_000;

export interface KnownResults {
  readonly tallies: ReadonlyMap<Grouping, GroupTallies>;
  /** Days that changed since the last night and hold too many decisions to be counted now. */
  readonly uncounted: readonly string[];
}

/**
 * What the decisions of a range of days came to, as it is known at this moment: days that changed since they were
 * rolled up, and today, from the decisions; all others from rollups, by the year, month and day.
 *
 * Cost: a query for the marks, about five for rollups (1 RRU for each row of up to 4 KB; 36,500 days are at most 100
 * years, 22 months and 60 days), and one a type for each month with days that changed.
 */
export class ResultReader {
  readonly #touched: TouchedDays;
  readonly #results: DayResults;
  readonly #store: RollupStore;
  readonly #clock: Clock;
  readonly #maxLive: number;

  constructor(
    touched: TouchedDays,
    results: DayResults,
    store: RollupStore,
    clock: Clock,
    maxLive = MAX_LIVE_DECISIONS,
  ) {
    this.#touched = touched;
    this.#results = results;
    this.#store = store;
    this.#clock = clock;
    this.#maxLive = maxLive;
  }

  /** @param from,to UTC days, both included */
  async between(
    agentId: string,
    groupings: readonly Grouping[],
    { from, to }: { readonly from: string; readonly to: string },
  ): Promise<KnownResults> {
    const today = dayAt(this.#clock().getTime());
    const marked = (await this.#touched.list(agentId)).map(({ day }) => day);
    const changed = [...new Set([...marked, today])].filter((day) => from <= day && day <= to).sort();
    const { live, uncounted } = await this.#live(agentId, changed);
    const countedLive = new Set(changed.filter((day) => !uncounted.includes(day)));
    const tallies = await Promise.all(
      groupings.map(async (grouping) => {
        const cover = coverOf(from, to, countedLive, isSummed(grouping));
        const rolledUp = await this.#store.stretches(agentId, grouping, cover);
        return [grouping, addUp([...rolledUp, ...byDay(live, grouping)])] as const;
      }),
    );
    return { tallies: new Map<Grouping, GroupTallies>(tallies), uncounted };
  }

  /** Newest months first, until one holds more than may be read. */
  async #live(agentId: string, changed: readonly string[]) {
    const live: DecisionResult[] = [];
    const uncounted: string[] = [];
    if (changed.length === 0) return { live, uncounted };
    const decisionTypes = await this.#results.types(agentId);
    const months = [...new Set(changed.map(monthOf))].reverse();
    for (const month of months) {
      const days = changed.filter((day) => monthOf(day) === month);
      const read =
        uncounted.length > 0
          ? undefined
          : await this.#month(agentId, decisionTypes, days, this.#maxLive - live.length);
      if (read) live.push(...read);
      else uncounted.push(...days);
    }
    return { live: live.sort(byTime), uncounted: uncounted.sort() };
  }

  async #month(
    agentId: string,
    decisionTypes: readonly string[],
    days: readonly string[],
    limit: number,
  ): Promise<DecisionResult[] | undefined> {
    const all: DecisionResult[] = [];
    for (const run of runsOf(days)) {
      const read = await this.#results.between(agentId, decisionTypes, run, limit - all.length);
      if (!read) return undefined;
      all.push(...read);
    }
    return all;
  }
}

function byDay(results: readonly DecisionResult[], grouping: Grouping): Stretch[] {
  const days = new Map<string, GroupTallies>();
  for (const result of results) {
    const day = dayOf(result.timestamp);
    let tallies = days.get(day);
    if (!tallies) days.set(day, (tallies = new GroupTallies()));
    tallies.add(result, grouping);
  }
  return [...days].map(([from, tallies]) => ({ from, tallies }));
}

function addUp(stretches: readonly Stretch[]): GroupTallies {
  const tallies = new GroupTallies();
  for (const stretch of [...stretches].sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0)))
    tallies.append(stretch.tallies);
  return tallies;
}
