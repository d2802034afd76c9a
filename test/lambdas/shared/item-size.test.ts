import { describe, expect, it } from '@jest/globals';
import { assertItemFits, itemBytes } from '../../../lambdas/shared/dynamodb/item-size.ts';
import { TooLargeError } from '../../../lambdas/shared/errors.ts';

// The rules and examples of the DynamoDB developer guide, "Item sizes and formats".
describe('the size of an item', () => {
  it.each([
    [{ a: 'x' }, 2],
    [{ name: 'grüße' }, 4 + 7],
    [{ a: true }, 2],
    [{ a: null }, 2],
    [{ a: [] }, 1 + 3],
    [{ a: {} }, 1 + 3],
    [{ a: ['xy'] }, 1 + 3 + 1 + 2],
    [{ a: { b: 'xy' } }, 1 + 3 + 1 + 1 + 2],
    [{ a: undefined }, 0],
  ])('%j is %i bytes', (item, bytes) => {
    expect(itemBytes(item)).toBe(bytes);
  });

  it('of a number grows by a byte every two digits', () => {
    expect(itemBytes({ a: 12345678 }) - itemBytes({ a: 1234 })).toBe(2);
    expect(itemBytes({ a: 100 })).toBe(itemBytes({ a: 1 }));
  });

  it('over the limit is refused, naming both', () => {
    expect(() => assertItemFits({ a: 'x'.repeat(1000) }, 'The signal', 999)).toThrow(
      new TooLargeError('The signal is 1001 bytes as stored; the limit is 999'),
    );
  });
});
