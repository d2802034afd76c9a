import { DAY_MS } from '../shared/platform/clock.ts';

/** UTC days, months and years as text: `2026-03-01`, `2026-03`, `2026`. */
export const dayAt = (time: number): string => new Date(time).toISOString().slice(0, 10);
export const timeOf = (day: string): number => Date.parse(`${day}T00:00:00.000Z`);
export const addDays = (day: string, days: number): string => dayAt(timeOf(day) + days * DAY_MS);
export const monthOf = (day: string): string => day.slice(0, 7);
export const yearOf = (day: string): string => day.slice(0, 4);

/** Decisions expire this many days after they were written. */
const RETENTION_DAYS = 90;

/** The last UTC day whose logged decisions may have expired in part. Those of earlier days have all expired. */
export const expiringDayAt = (time: number): string => dayAt(time - RETENTION_DAYS * DAY_MS);

/** Number of days from one to another, both included; 0 when they are the wrong way round. */
export const daysBetween = (from: string, to: string): number =>
  Math.max(0, Math.round((timeOf(to) - timeOf(from)) / DAY_MS) + 1);

const firstOfNext = (month: string): string => {
  const [year, number] = month.split('-').map(Number);
  return dayAt(Date.UTC(year!, number!, 1));
};

export interface Cover {
  readonly years: readonly string[];
  readonly months: readonly string[];
  readonly days: readonly string[];
}

/**
 * The fewest years, months and days that are exactly the days of a range, without some of them.
 * @param from,to both included
 * @param isSummed whether there are rows of months and years at all
 */
export function coverOf(from: string, to: string, without: ReadonlySet<string>, isSummed = true): Cover {
  const years: string[] = [];
  const months: string[] = [];
  const days: string[] = [];
  const touchedMonths = new Set([...without].map(monthOf));
  const touchedYears = new Set([...without].map(yearOf));
  for (let day = from; day <= to;) {
    const year = yearOf(day);
    const month = monthOf(day);
    if (isSummed && day.endsWith('-01-01') && `${year}-12-31` <= to && !touchedYears.has(year)) {
      years.push(year);
      day = addDays(`${year}-12-31`, 1);
    } else if (
      isSummed &&
      day.endsWith('-01') &&
      firstOfNext(month) <= addDays(to, 1) &&
      !touchedMonths.has(month)
    ) {
      months.push(month);
      day = firstOfNext(month);
    } else {
      if (!without.has(day)) days.push(day);
      day = addDays(day, 1);
    }
  }
  return { years, months, days };
}

/** Groups days into runs, oldest first: each run is one query. @param days sorted @param gap days that may lie between two of a run */
export function runsOf(days: readonly string[], gap = 0): { readonly from: string; readonly to: string }[] {
  const runs: { from: string; to: string }[] = [];
  for (const day of days) {
    const last = runs.at(-1);
    if (last && day <= addDays(last.to, gap + 1)) last.to = day;
    else runs.push({ from: day, to: day });
  }
  return runs;
}
