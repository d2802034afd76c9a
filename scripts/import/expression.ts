/**
 * What a mapping computes of a row, in the manner of JsonLogic: JSON, in which an object with one key that begins with
 * `$` is an operation, and everything else stands for itself. What a row lacks is absent, and whatever is computed of
 * something absent is absent too.
 */
export type Expression = unknown;

/** What paths start from: `row`, `previous` (the row before, absent at the first), `line`, `key`, `lookups`. */
export type Scope = Readonly<Record<string, unknown>>;

/** The row cannot be what the mapping says; the message says why. */
export class RowError extends Error {}

type Operation = (scope: Scope, argument: Expression) => unknown;

const DAY_SECONDS = 86_400;

function follow(scope: Scope, path: Expression): unknown {
  const segments = typeof path === 'string' ? path.split('.') : (path as unknown[]);
  let value: unknown = scope;
  for (const segment of segments) {
    if (value === null || typeof value !== 'object') return undefined;
    const name = evaluate(scope, segment);
    if (name === undefined) return undefined;
    value = Object.hasOwn(value, String(name)) ? (value as Record<string, unknown>)[String(name)] : undefined;
  }
  // An empty cell of a table is no value.
  return value === null || value === '' ? undefined : value;
}

function toNumber(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
  if (!Number.isFinite(number) || typeof value === 'boolean')
    throw new RowError(`${JSON.stringify(value)} is not a number`);
  return number;
}

/** An ISO-8601 time (UTC where it names no zone), a date, or seconds or milliseconds since 1970. */
function toTime(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const text = String(value).trim();
  const zoned = /(Z|[+-]\d{2}:?\d{2})$/.test(text)
    ? text
    : `${text.replace(' ', 'T')}${text.length > 10 ? 'Z' : ''}`;
  // Seconds reach the year 5138 at eleven digits; milliseconds had twelve by 1973.
  const time = /^\d+(\.\d+)?$/.test(text)
    ? Number(text) * (text.split('.')[0]!.length > 11 ? 1 : 1000)
    : Date.parse(zoned);
  if (!Number.isFinite(time) || Math.abs(time) > 8.64e15)
    throw new RowError(`${JSON.stringify(value)} is not a time`);
  return new Date(time).toISOString();
}

const list = (scope: Scope, argument: Expression): unknown[] =>
  (Array.isArray(argument) ? argument : [argument]).map((part) => evaluate(scope, part));

const arithmetic =
  (compute: (a: number, b: number) => number): Operation =>
  (scope, argument) => {
    const [a, b] = list(scope, argument).map(toNumber);
    if (a === undefined || b === undefined) return undefined;
    const result = compute(a, b);
    return Number.isFinite(result) ? result : undefined;
  };

/** Of numbers, also where a table has them as text; of anything else, as text. */
const comparison =
  (holds: (order: number) => boolean): Operation =>
  (scope, argument) => {
    const [a, b] = list(scope, argument);
    if (a === undefined || b === undefined) return undefined;
    const numbers = [a, b].map((value) =>
      typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value),
    );
    if (numbers.every(Number.isFinite)) return holds(numbers[0]! - numbers[1]!);
    return holds(String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0);
  };

const operations: Readonly<Record<string, Operation>> = {
  /** A path: `row.close`, or segment by segment where names hold dots. */
  $: follow,
  $number: (scope, argument) => toNumber(list(scope, argument)[0]),
  $time: (scope, argument) => toTime(list(scope, argument)[0]),
  /** All parts as one text. */
  $text: (scope, argument) => {
    const parts = list(scope, argument);
    return parts.includes(undefined)
      ? undefined
      : parts.map((part) => (typeof part === 'object' ? JSON.stringify(part) : String(part))).join('');
  },
  /** A time and the seconds after it. */
  $after: (scope, argument) => {
    const [time, seconds] = list(scope, argument);
    const start = toTime(time);
    const more = toNumber(seconds);
    return start === undefined || more === undefined
      ? undefined
      : new Date(Date.parse(start) + more * 1000).toISOString();
  },
  /** The UTC day of a time so many days later: `2025-11-02`. */
  $day: (scope, argument) => {
    const [time, days] = list(scope, argument);
    const start = toTime(time);
    const more = toNumber(days ?? 0)!;
    return start && new Date(Date.parse(start) + more * DAY_SECONDS * 1000).toISOString().slice(0, 10);
  },
  $add: arithmetic((a, b) => a + b),
  $subtract: arithmetic((a, b) => a - b),
  $multiply: arithmetic((a, b) => a * b),
  $divide: arithmetic((a, b) => a / b),
  /** A number to so many decimals. */
  $round: (scope, argument) => {
    const [value, digits] = list(scope, argument).map(toNumber);
    return value === undefined ? undefined : Number(value.toFixed(digits ?? 0));
  },
  $less: comparison((order) => order < 0),
  $more: comparison((order) => order > 0),
  $equal: comparison((order) => order === 0),
  $not: (scope, argument) => !list(scope, argument)[0],
  $and: (scope, argument) => list(scope, argument).every(Boolean),
  $or: (scope, argument) => list(scope, argument).some(Boolean),
  $exists: (scope, argument) => list(scope, argument)[0] !== undefined,
  /** Condition, then, else; an absent else is absent. */
  $if: (scope, argument) => {
    const [condition, yes, no] = argument as Expression[];
    return evaluate(scope, evaluate(scope, condition) ? yes : no);
  },
};

const nameOfOperation = (expression: object): string | undefined => {
  const [name, ...others] = Object.keys(expression);
  return others.length === 0 && name?.startsWith('$') ? name : undefined;
};

/** The first operation in an expression that there is none of. */
export function unknownOperation(expression: Expression): string | undefined {
  if (expression === null || typeof expression !== 'object') return undefined;
  const name = nameOfOperation(expression);
  if (name !== undefined && !Object.hasOwn(operations, name)) return name;
  return Object.values(expression).map(unknownOperation).find(Boolean);
}

/** @throws RowError where a value is not what an operation takes */
export function evaluate(scope: Scope, expression: Expression): unknown {
  if (expression === null || typeof expression !== 'object') return expression;
  if (Array.isArray(expression))
    return expression.map((part) => evaluate(scope, part)).filter((part) => part !== undefined);
  const name = nameOfOperation(expression);
  if (name !== undefined) return operations[name]!(scope, (expression as Record<string, Expression>)[name]);
  return Object.fromEntries(
    Object.entries(expression).flatMap(([key, part]) => {
      const value = evaluate(scope, part);
      return value === undefined ? [] : [[key, value]];
    }),
  );
}
