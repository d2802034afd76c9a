import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { TooLargeError } from '../errors.ts';

export const MAX_ITEM_BYTES = 400 * 1024;

const textBytes = (text: string): number => Buffer.byteLength(text, 'utf8');

/** Size of one attribute value as DynamoDB counts it (developer guide, "Item sizes and formats"). */
function attributeBytes(value: AttributeValue): number {
  if (value.S !== undefined) return textBytes(value.S);
  if (value.N !== undefined)
    return Math.ceil(value.N.replace(/^-|\.|e.*$/gi, '').replace(/^0+|0+$/g, '').length / 2) + 2;
  if (value.B !== undefined) return value.B.byteLength;
  if (value.L !== undefined) return 3 + value.L.reduce((sum, item) => sum + 1 + attributeBytes(item), 0);
  if (value.M !== undefined)
    return (
      3 +
      Object.entries(value.M).reduce((sum, [key, item]) => sum + 1 + textBytes(key) + attributeBytes(item), 0)
    );
  if (value.SS !== undefined) return value.SS.reduce((sum, item) => sum + textBytes(item), 0);
  if (value.NS !== undefined) return value.NS.reduce((sum, item) => sum + attributeBytes({ N: item }), 0);
  return 1; // boolean, null
}

/** Bytes of a whole item, attribute names included. */
export const itemBytes = (item: Record<string, unknown>): number =>
  Object.entries(marshall(item, { removeUndefinedValues: true, allowImpreciseNumbers: true })).reduce(
    (sum, [name, value]) => sum + textBytes(name) + attributeBytes(value),
    0,
  );

/** Refuses an item over the limit before DynamoDB is called. @throws TooLargeError naming both sizes */
export function assertItemFits(item: Record<string, unknown>, what: string, limit = MAX_ITEM_BYTES): void {
  const bytes = itemBytes(item);
  if (bytes > limit) throw new TooLargeError(`${what} is ${bytes} bytes as stored; the limit is ${limit}`);
}

/**
 * True when DynamoDB refused a write because the item would be too large. Every invalid request has the same error
 * name, so the message decides. For an update only DynamoDB knows the size.
 */
export const isOversizeError = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ValidationException' && /item size/i.test(error.message);
