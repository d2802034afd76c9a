import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  decodePageToken,
  encodePageToken,
  isSortKeyPosition,
} from '../../../lambdas/shared/dynamodb/page-token.ts';
import { ValidationFailedError } from '../../../lambdas/shared/errors.ts';

const decode = (query: unknown, token: string | undefined) =>
  decodePageToken(query, token, isSortKeyPosition);

describe('a page token', () => {
  it('gives back its position to the same query', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ minLength: 1 }), (query, position) => {
        expect(decode(query, encodePageToken(query, position))).toBe(position);
      }),
    );
  });

  it('is refused by another query', () => {
    const token = encodePageToken({ agentId: 'a' }, 'position');
    expect(() => decode({ agentId: 'b' }, token)).toThrow(ValidationFailedError);
  });

  it('is refused when it is anything else', () => {
    const tokens = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.jsonValue().map((value) => btoa(encodeURI(JSON.stringify(value)))),
    );
    fc.assert(
      fc.property(tokens, (token) => {
        expect(() => decode({}, token)).toThrow(ValidationFailedError);
      }),
    );
  });

  it('is not needed for the first page', () => {
    expect(decode({}, undefined)).toBeUndefined();
  });
});
