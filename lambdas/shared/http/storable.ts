import { type Issue, ValidationFailedError } from '../errors.ts';
import { MAX_MAGNITUDE, MIN_MAGNITUDE } from '../schema/fields.ts';

/** DynamoDB nests 32 levels; the item and the field that holds the value take some. */
const MAX_DEPTH = 28;
/** DynamoDB's own limit is 64 KB, but nothing that is a name is that long. */
const MAX_KEY_BYTES = 1024;

/**
 * JSON.parse keeps `__proto__` as an own property, and parsers that copy objects would lose it silently. The SDK tells
 * types apart by `value.constructor.name`: an object that brings its own is refused there, or stored as something else.
 */
const UNUSABLE_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor']);

function issueOf(value: unknown): string | undefined {
  if (typeof value === 'string')
    return value.isWellFormed() ? undefined : 'holds a lone surrogate, which is not text';
  if (typeof value !== 'number' || value === 0) return undefined;
  const magnitude = Math.abs(value);
  if (!(magnitude <= MAX_MAGNITUDE) || magnitude < MIN_MAGNITUDE)
    return 'is a number too large or too small to store';
  return undefined;
}

/**
 * Refuses JSON that DynamoDB would refuse or change: lone surrogates, numbers outside its range, keys that are empty,
 * huge or taken for something else, deep nesting. Iterative, and before any recursive parser: the depth of a body is
 * its sender's choice.
 */
export function assertStorable(body: unknown): void {
  const pending: { value: unknown; path: string; depth: number }[] = [{ value: body, path: '', depth: 0 }];
  const issues: Issue[] = [];
  for (let next = pending.pop(); next !== undefined && issues.length < 10; next = pending.pop()) {
    const { value, path, depth } = next;
    const message = issueOf(value);
    if (message) issues.push({ path, message });
    if (value === null || typeof value !== 'object') continue;
    if (depth >= MAX_DEPTH) throw ValidationFailedError.at(path, `is nested deeper than ${MAX_DEPTH} levels`);
    for (const [key, item] of Object.entries(value)) {
      const itemPath = path ? `${path}.${key}` : key;
      if (key === '') issues.push({ path: itemPath, message: 'has an empty key' });
      else if (!key.isWellFormed()) issues.push({ path, message: 'has a key with a lone surrogate' });
      else if (Buffer.byteLength(key) > MAX_KEY_BYTES)
        issues.push({ path, message: `has a key longer than ${MAX_KEY_BYTES} bytes` });
      else if (UNUSABLE_KEYS.has(key)) issues.push({ path: itemPath, message: 'is not a usable key' });
      else pending.push({ value: item, path: itemPath, depth: depth + 1 });
    }
  }
  if (issues.length > 0) throw new ValidationFailedError(issues);
}
