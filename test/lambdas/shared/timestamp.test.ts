import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { timestampSchema } from '../../../lambdas/shared/schema/fields.ts';

const read = (text: string) => timestampSchema.parse(text);
const refusal = (text: string) => timestampSchema.safeParse(text).error?.issues.map(({ message }) => message);

describe('a timestamp', () => {
  it.each([
    ['2026-11-28T10:00:00Z', '2026-11-28T10:00:00.000Z'],
    ['2026-11-28T10:00Z', '2026-11-28T10:00:00.000Z'],
    ['2026-11-28t10:00:00z', '2026-11-28T10:00:00.000Z'],
    ['2026-11-28T10:00:00.123456z', '2026-11-28T10:00:00.123Z'],
    ['2026-11-28T10:00:00.123999999999+00:00', '2026-11-28T10:00:00.123Z'],
    ['2026-11-28T10:00:00,5Z', '2026-11-28T10:00:00.500Z'],
    ['2026-11-28T10:00:00.123456+02:00', '2026-11-28T08:00:00.123Z'],
    ['2026-11-28T10:00:00-0530', '2026-11-28T15:30:00.000Z'],
    ['2026-11-28T10:00:00+02', '2026-11-28T08:00:00.000Z'],
    ['2026-11-28T10:00:00-00:00', '2026-11-28T10:00:00.000Z'],
    ['2026-11-28 10:00:00+00:00', '2026-11-28T10:00:00.000Z'],
    // A plus that was not encoded in a query.
    ['2026-11-28T10:00:00 02:00', '2026-11-28T08:00:00.000Z'],
    ['2026-03-01T00:30:00+01:00', '2026-02-28T23:30:00.000Z'],
    ['2024-02-29T23:59:59.999-12:00', '2024-03-01T11:59:59.999Z'],
    ['1999-12-31T23:30:00-01:00', '2000-01-01T00:30:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ])('%s is stored as %s', (text, stored) => {
    expect(read(text)).toBe(stored);
  });

  it.each([
    ['2026-11-28T10:00:00', 'time zone'],
    ['2026-11-28T10:00:00.123456', 'time zone'],
    ['2026-11-28 10:00', 'time zone'],
    ['2026-11-28', 'time zone'],
    ['2000-01-01T00:30:00+01:00', 'before 2000'],
    ['1999-12-31T23:59:59.999Z', 'before 2000'],
    ['0026-11-28T10:00:00Z', 'before 2000'],
    ['9999-12-31T23:30:00-01:00', 'after 9999'],
    ['2026-02-30T00:00:00Z', 'calendar'],
    ['2026-13-01T00:00:00Z', 'calendar'],
    ['2026-00-10T00:00:00Z', 'calendar'],
    ['2023-02-29T12:00:00+05:00', 'calendar'],
    ['2026-11-28T24:00:00Z', 'ISO 8601'],
    ['2026-11-28T10:60:00Z', 'ISO 8601'],
    ['2026-11-28T23:59:60Z', 'ISO 8601'],
    ['2026-11-28T10:00:00+24:00', 'ISO 8601'],
    ['2026-11-28T10:00:00+02:60', 'ISO 8601'],
    ['2026-11-28T10:00:00+2', 'ISO 8601'],
    ['2026-11-28T10:00:00.Z', 'ISO 8601'],
    ['2026-11-28T10:00:00ZZ', 'ISO 8601'],
    ['2026-11-28T10:00:00 Z', 'ISO 8601'],
    ['20261128T100000Z', 'ISO 8601'],
    ['+02026-11-28T10:00:00Z', 'ISO 8601'],
    ['yesterday', 'ISO 8601'],
    ['', 'ISO 8601'],
  ])('%s is refused, by what is wrong with it', (text, rule) => {
    expect(refusal(text)).toEqual([expect.stringContaining(rule)]);
  });

  const instants = fc.date({
    min: new Date('2000-01-02'),
    max: new Date('9999-12-30'),
    noInvalidDate: true,
  });
  const pad = (value: number) => String(value).padStart(2, '0');

  it('is the same instant in every offset and precision, cut to milliseconds', () => {
    fc.assert(
      fc.property(
        instants,
        fc.integer({ min: -(23 * 60 + 59), max: 23 * 60 + 59 }),
        fc.stringMatching(/^\d{0,9}$/),
        fc.constantFrom('T', 't', ' '),
        fc.constantFrom(':', ''),
        (instant, minutes, beyond, separator, colon) => {
          const local = new Date(instant.getTime() + minutes * 60_000).toISOString();
          const size = Math.abs(minutes);
          const offset = `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}${colon}${pad(size % 60)}`;
          const text = local.replace('T', separator).replace('Z', `${beyond}${offset}`);
          expect(read(text)).toBe(instant.toISOString());
        },
      ),
    );
  });

  it('as it was stored is stored as it is', () => {
    fc.assert(
      fc.property(instants, (instant) => expect(read(instant.toISOString())).toBe(instant.toISOString())),
    );
  });

  it('of any other text is refused, or a time of fixed width', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.stringMatching(/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.]\d+)?)?[zZ+ -]?[\d:]{0,5}$/),
        ),
        (text) => {
          const { success, data } = timestampSchema.safeParse(text);
          if (success) expect(data).toMatch(/^[2-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        },
      ),
      { numRuns: 500 },
    );
  });
});
