import { ValidationFailedError } from '../errors.ts';

/** The wall clock as an argument, so every rule about time is a plain test. */
export type Clock = () => Date;

export const systemClock: Clock = () => new Date();

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Seconds since the epoch, rounded up: the unit of DynamoDB's ttl. */
export const toTtl = (time: Date | number): number => Math.ceil(Number(time) / SECOND_MS);

/** Expired items stay readable for up to days: every read drops them itself. */
export const isExpired = (item: Readonly<Record<string, unknown>>, now: Date): boolean =>
  Number(item['ttl']) * SECOND_MS <= now.getTime();

const MAX_AHEAD_MS = 5 * MINUTE_MS;

/** Clocks differ by seconds; what lies further ahead is a mistake. @throws ValidationFailedError at `path` */
export function assertNotAhead(now: Date, timestamp: string | undefined, path: string): void {
  if (timestamp !== undefined && Date.parse(timestamp) > now.getTime() + MAX_AHEAD_MS)
    throw ValidationFailedError.at(path, 'must not lie more than 5 minutes ahead');
}
