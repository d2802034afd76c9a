import type { Clock } from '../shared/platform/clock.ts';
import { byTime, type DayResults } from './day-results.ts';
import { dayOf, type DecisionResult } from './decision-result.ts';
import { type Grouping, GroupTallies, isSummed } from './grouping.ts';
import { addDays, coverOf, dayAt, expiringDayAt, monthOf, runsOf } from './periods.ts';
import type { LoggedStretch, RollupStore, Stretch } from './rollup-store.ts';
import type { ChangedDays } from '../decisions/changed-days.ts';

/** Number of decisions one request reads: of today, and of days that changed since their rollup. */
export const MAX_LIVE_DECISIONS = 100_000;

export interface KnownResults {
  readonly tallies: ReadonlyMap<Grouping, GroupTallies>;
  /** Days that changed since the last night and hold too many decisions to be counted now. */
  readonly uncounted: readonly string[];
}

export interface ResultReaderParts {
  readonly changedDays: ChangedDays;
  readonly results: DayResults;
  readonly store: RollupStore;
  readonly clock: Clock;
  /** @default MAX_LIVE_DECISIONS */
  readonly maxLive?: number;
}

/**
 * Results of the decisions of a range of days, as they are known at this moment. Today, and days that changed since they
 * were rolled up, are counted from their decisions; rollups stand in for those that may have expired. All other days come
 * from rollups, by the year, month and day.
 *
 * Cost: a query for the marks, about five for rollups (1 RRU for each row of up to 4 KB; 36,500 days are at most 100
 * years, 22 months and 60 days), one a type for each month with days that changed, and one more for rollups where such
 * a day is older than decisions are kept.
 */
export class ResultReader {
  readonly #parts: ResultReaderParts;
  readonly #maxLive: number;

  constructor(parts: ResultReaderParts) {
    this.#parts = parts;
    this.#maxLive = parts.maxLive ?? MAX_LIVE_DECISIONS;
  }

  /** @param from,to UTC days, both included */
  async between(
    agentId: string,
    groupings: readonly Grouping[],
    { from, to }: { readonly from: string; readonly to: string },
  ): Promise<KnownResults> {
    const { changedDays, store, clock } = this.#parts;
    const now = clock().getTime();
    const today = dayAt(now);
    const marked = (await changedDays.list(agentId)).map(({ day }) => day);
    const changed = [...new Set([...marked, today])].filter((day) => from <= day && day <= to).sort();
    const { live, uncounted } = await this.#live(agentId, changed, today);
    const countedLive = new Set(changed.filter((day) => !uncounted.includes(day)));
    const expiring = expiringDayAt(now);
    // A timestamp may be a little ahead of the clock that logged it, and so a day later.
    const aged = [...countedLive].filter((day) => day <= addDays(expiring, 1));
    const tallies = await Promise.all(
      groupings.map(async (grouping) => {
        const cover = coverOf(from, to, countedLive, isSummed(grouping));
        const [rolledUp, kept] = await Promise.all([
          store.stretches(agentId, grouping, cover),
          store.loggedUntil(agentId, grouping, aged, expiring),
        ]);
        const counted = byDay(withoutKept(live, kept), grouping);
        return [grouping, addUp([...rolledUp, ...kept, ...counted])] as const;
      }),
    );
    return { tallies: new Map<Grouping, GroupTallies>(tallies), uncounted };
  }

  /** Today, then the newest months, until one holds more than may be read. */
  async #live(agentId: string, changed: readonly string[], today: string) {
    const live: DecisionResult[] = [];
    const uncounted: string[] = [];
    if (changed.length === 0) return { live, uncounted };
    const decisionTypes = await this.#parts.results.types(agentId);
    for (const days of partsOf(changed, today)) {
      const read =
        uncounted.length > 0
          ? undefined
          : await this.#days(agentId, decisionTypes, days, this.#maxLive - live.length);
      if (read) live.push(...read);
      else uncounted.push(...days);
    }
    return { live: live.sort(byTime), uncounted: uncounted.sort() };
  }

  async #days(
    agentId: string,
    decisionTypes: readonly string[],
    days: readonly string[],
    limit: number,
  ): Promise<DecisionResult[] | undefined> {
    const all: DecisionResult[] = [];
    for (const run of runsOf(days)) {
      const read = await this.#parts.results.between(agentId, decisionTypes, run, limit - all.length);
      if (!read) return undefined;
      all.push(...read);
    }
    return all;
  }
}

function partsOf(days: readonly string[], today: string): string[][] {
  const months = [...new Set(days.map(monthOf))].reverse();
  const ofMonths = months.map((month) => days.filter((day) => monthOf(day) === month && day !== today));
  return [days.filter((day) => day === today), ...ofMonths].filter((part) => part.length > 0);
}

/** Drops results that a kept row counts: like the nightly rollup, a row that counted all of a logging day stands. */
function withoutKept(
  results: readonly DecisionResult[],
  kept: readonly LoggedStretch[],
): readonly DecisionResult[] {
  if (kept.length === 0) return results;
  const rows = new Set(kept.map(({ from, loggedOn }) => `${from}#${loggedOn}`));
  return results.filter(({ timestamp, loggedAt }) => !rows.has(`${dayOf(timestamp)}#${dayOf(loggedAt)}`));
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
