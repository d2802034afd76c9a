/**
 * ISO 8601 and RFC 3339, as programs write them: `T` or a space, any precision, `Z`, `+02:00`, `+0200` or `+02`. In a
 * query an unencoded plus arrives as a space.
 */
const TIMESTAMP =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?(?:[Zz]|([+-]\d{2}(?::?\d{2})?| \d{2}:?\d{2}))$/;
const WITHOUT_ZONE = /^\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?)?$/;

const MINUTE_MS = 60_000;
const MIN_TIME = Date.UTC(2000, 0, 1);
/** From then on an ISO timestamp has no fixed width, and could not stand in a key. */
const MAX_TIME = Date.UTC(10_000, 0, 1);

export type ReadTimestamp = { readonly timestamp: string } | { readonly refusal: string };

const MALFORMED = {
  refusal: 'must be an ISO 8601 timestamp with a time zone, such as 2026-03-01T09:30:00Z',
} as const;
const TOO_EARLY = { refusal: 'must not be before 2000' } as const;

/** The instant that a text names, in UTC and cut to milliseconds, or the rule it breaks. */
export function readTimestamp(text: string): ReadTimestamp {
  const found = TIMESTAMP.exec(text);
  if (!found) {
    if (WITHOUT_ZONE.test(text))
      return { refusal: 'must say its time zone: end in Z, or in an offset such as +02:00' };
    return MALFORMED;
  }
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [, , , , , , , fraction = '', offset = ''] = found;
  const [offsetHours, offsetMinutes] = [offset.slice(1, 3), offset.slice(3).replace(':', '')].map(Number) as [
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) return MALFORMED;
  // Date.UTC takes the years 0 to 99 for those of the last century.
  if (year < 100) return TOO_EARLY;
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const local = new Date(Date.UTC(year, month - 1, day, hour, minute, second, milliseconds));
  // Date.UTC rolls 30 February over into March.
  if (local.getUTCMonth() !== month - 1 || local.getUTCDate() !== day)
    return { refusal: 'names a day that the calendar does not have' };
  const ahead = (offsetHours * 60 + offsetMinutes) * MINUTE_MS * (offset.startsWith('-') ? -1 : 1);
  const time = local.getTime() - ahead;
  if (time < MIN_TIME) return TOO_EARLY;
  if (time >= MAX_TIME) return { refusal: 'must not be after 9999' };
  return { timestamp: new Date(time).toISOString() };
}
