import { ValidationFailedError } from '../shared/errors.ts';
import { DAY_MS } from '../shared/platform/clock.ts';
import type { Range } from './contract.ts';

export type PeriodKind = 'daily' | 'weekly';

/** A UTC day, or a week that begins on Monday, and the one before it. The ends are the last millisecond. */
export interface Period {
  readonly kind: PeriodKind;
  /** Its first day. */
  readonly date: string;
  readonly current: Range;
  /** As long as `current`, also while `current` is not over. */
  readonly previous: Range;
  /** True when it is over. */
  readonly complete: boolean;
}

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

const range = (from: number, end: number): Range => ({
  from: new Date(from).toISOString(),
  to: new Date(end - 1).toISOString(),
});

/** @param date a day in the period. @default the last period that is over. @throws ValidationFailedError in the future */
export function periodOf(kind: PeriodKind, date: string | undefined, now: Date): Period {
  const days = kind === 'daily' ? 1 : 7;
  const day = Math.floor(
    (date === undefined ? now.getTime() - days * DAY_MS : Date.parse(`${date}T00:00:00.000Z`)) / DAY_MS,
  );
  // Day 0 was a Thursday.
  const first = kind === 'daily' ? day : day - ((((day + 3) % 7) + 7) % 7);
  const start = first * DAY_MS;
  if (start > now.getTime()) throw ValidationFailedError.at('date', 'must not lie in the future');
  const end = start + days * DAY_MS;
  const complete = end <= now.getTime();
  const until = complete ? end : now.getTime() + 1;
  return {
    kind,
    date: dayOf(start),
    current: range(start, until),
    previous: range(start - days * DAY_MS, until - days * DAY_MS),
    complete,
  };
}
