import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  canonicalJson,
  parseTypedId,
  payloadHash,
  tokenPart,
  typedId,
  ulid,
} from '../../../lambdas/shared/platform/ids.ts';

const times = fc.date({ min: new Date('2000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
const bits = fc.uint8Array({ minLength: 10, maxLength: 10 });
const types = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,63}$/);

describe('ids that carry their key', () => {
  it('give back type and timestamp', () => {
    fc.assert(
      fc.property(types, times, bits, (type, time, random) => {
        expect(parseTypedId(typedId(type, time, random))).toEqual({ type, timestamp: time.toISOString() });
      }),
    );
  });

  it('sort as their times do', () => {
    fc.assert(
      fc.property(times, times, bits, bits, (a, b, left, right) => {
        fc.pre(a.getTime() !== b.getTime());
        expect(ulid(a, left) < ulid(b, right)).toBe(a < b);
      }),
    );
  });

  it('encode the published example of the specification', () => {
    expect(ulid(new Date(1469918176385), new Uint8Array(10)).slice(0, 10)).toBe('01ARYZ6S41');
  });

  it('are none when malformed', () => {
    for (const id of [
      '',
      'X',
      'X-',
      '-01ARYZ6S410000000000000000',
      'X-81ARYZ6S410000000000000000',
      'X-7ZZZZZZZZZ0000000000000000',
    ])
      expect(parseTypedId(id)).toBeUndefined();
  });

  it('are the same for the same agent, route and token, and only then', () => {
    expect(tokenPart('a', 'r', 't')).toEqual(tokenPart('a', 'r', 't'));
    expect(tokenPart('a', 'r', 't')).not.toEqual(tokenPart('ar', '', 't'));
  });
});

describe('payload hash', () => {
  it('does not depend on the order of keys', () => {
    expect(payloadHash({ a: 1, b: { c: [1, 2], d: null } })).toBe(
      payloadHash({ b: { d: null, c: [1, 2] }, a: 1 }),
    );
  });

  it('is of the JSON that was sent', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
