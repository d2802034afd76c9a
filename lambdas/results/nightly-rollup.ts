import type { Clock } from '../shared/platform/clock.ts';
import type { DayResults } from './day-results.ts';
import { dayOf, type DecisionResult } from './decision-result.ts';
import { groupings, GroupTallies, isSummed } from './grouping.ts';
import { dayAt, expiringDayAt, monthOf, runsOf, yearOf } from './periods.ts';
import type { RollupStore } from './rollup-store.ts';
import { SETTLED_MS, type ChangedDay, type ChangedDays } from '../decisions/changed-days.ts';

const CLEARED_AT_ONCE = 10;

export interface RolledUp {
  /** Number of days that were counted again. */
  readonly days: number;
  /** Number of days that wait for another night: today, and those written to in the last minutes. */
  readonly waiting: number;
}

export interface NightlyRollupParts {
  readonly changedDays: ChangedDays;
  readonly results: DayResults;
  readonly store: RollupStore;
  readonly clock: Clock;
}

/**
 * Rolls up the days that changed. A day is counted again from its decisions, its month from its days, its year from its
 * months. So a repeat changes nothing, and a rollup that was cut short is repeated, because its days are still marked.
 *
 * Cost a day: its decisions once (0.25 RRU a KB), 12 rows of about 1 KB, and as many for its month and its year.
 */
export class NightlyRollup {
  readonly #parts: NightlyRollupParts;

  constructor(parts: NightlyRollupParts) {
    this.#parts = parts;
  }

  async rollUp(agentId: string): Promise<RolledUp> {
    const { changedDays, results, store, clock } = this.#parts;
    const now = clock();
    const marked = await changedDays.list(agentId);
    const settled = new Date(now.getTime() - SETTLED_MS).toISOString();
    const ready = marked.filter(({ day, at }) => day < dayAt(now.getTime()) && at <= settled);
    const decisionTypes = ready.length === 0 ? [] : await results.types(agentId);
    for (const ofYear of Object.values(groupBy(ready, ({ day }) => yearOf(day)))) {
      for (const ofMonth of Object.values(groupBy(ofYear, ({ day }) => monthOf(day))))
        await this.#rollUpMonth(agentId, decisionTypes, ofMonth, now);
      const year = yearOf(ofYear[0]!.day);
      await store.putYear(agentId, summed, year);
      for (let start = 0; start < ofYear.length; start += CLEARED_AT_ONCE)
        await Promise.all(
          ofYear
            .slice(start, start + CLEARED_AT_ONCE)
            .map((changedDay) => changedDays.clear(agentId, changedDay)),
        );
    }
    return { days: ready.length, waiting: marked.length - ready.length };
  }

  async #rollUpMonth(
    agentId: string,
    decisionTypes: readonly string[],
    changedDays: readonly ChangedDay[],
    now: Date,
  ): Promise<void> {
    const days = changedDays.map(({ day }) => day);
    for (const run of runsOf(days)) {
      const results = (await this.#parts.results.between(agentId, decisionTypes, run))!;
      for (const [day, ofDay] of Object.entries(groupBy(results, ({ timestamp }) => dayOf(timestamp))))
        await this.#rollUpDay(agentId, day, ofDay, now);
    }
    const month = monthOf(days[0]!);
    await this.#parts.store.putMonth(agentId, summed, month);
  }

  /** Keeps the rows of logging days whose decisions may have expired in part: those rows counted all of them. */
  async #rollUpDay(
    agentId: string,
    day: string,
    results: readonly DecisionResult[],
    now: Date,
  ): Promise<void> {
    const expiring = expiringDayAt(now.getTime());
    const byLogging = groupBy(results, ({ loggedAt }) => dayOf(loggedAt));
    const isOld = (loggedOn: string): boolean => loggedOn <= expiring;
    const kept = Object.keys(byLogging).some(isOld)
      ? await this.#parts.store.loggedOn(agentId, day)
      : new Set<string>();
    const rows = Object.entries(byLogging)
      .filter(([loggedOn]) => !(isOld(loggedOn) && kept.has(loggedOn)))
      .flatMap(([loggedOn, logged]) =>
        groupings.map((grouping) => {
          const tallies = new GroupTallies();
          for (const result of logged) tallies.add(result, grouping);
          return { grouping, day, loggedOn, tallies };
        }),
      );
    await this.#parts.store.putDays(agentId, rows);
  }
}

const summed = groupings.filter(isSummed);

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Record<string, T[]> {
  const groups: Record<string, T[]> = {};
  for (const item of items) (groups[keyOf(item)] ??= []).push(item);
  return groups;
}
