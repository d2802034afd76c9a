import { ValidationFailedError } from '../../shared/errors.ts';
import { addDays, dayAt, timeOf } from '../periods.ts';
import type { Snapshot } from './snapshot-contract.ts';

export type PeriodKind = Snapshot['period'];

export interface SnapshotPeriod {
  readonly period: PeriodKind;
  /** UTC days, both included. Weeks begin on Monday. */
  readonly from: string;
  readonly to: string;
  /** The last day that has begun. */
  readonly through: string;
  /** True when the period is over. */
  readonly complete: boolean;
}

function firstOf(period: PeriodKind, day: string): string {
  const date = new Date(timeOf(day));
  if (period === 'day') return day;
  // Sunday is 0, and the last day of its week.
  if (period === 'week') return addDays(day, -((date.getUTCDay() + 6) % 7));
  const month = period === 'month' ? date.getUTCMonth() : date.getUTCMonth() - (date.getUTCMonth() % 3);
  return dayAt(Date.UTC(date.getUTCFullYear(), month, 1));
}

function lastOf(period: PeriodKind, from: string): string {
  if (period === 'day') return from;
  if (period === 'week') return addDays(from, 6);
  const date = new Date(timeOf(from));
  const months = period === 'month' ? 1 : 3;
  return dayAt(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 0));
}

/** @param date a UTC day of it; default today. @throws ValidationFailedError in the future */
export function snapshotPeriodOf(period: PeriodKind, date: string | undefined, now: Date): SnapshotPeriod {
  const today = dayAt(now.getTime());
  const from = firstOf(period, date ?? today);
  if (from > today) throw ValidationFailedError.at('date', 'must not lie in the future');
  const to = lastOf(period, from);
  return { period, from, to, through: to < today ? to : today, complete: to < today };
}
