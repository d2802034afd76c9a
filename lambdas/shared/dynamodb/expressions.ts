import { SECOND_MS } from '../platform/clock.ts';
import { PARTITION_KEY } from '../schema/tables.ts';

/** A condition, a filter or an update in DynamoDB's own words, with the names and values it uses. */
export interface Expression {
  readonly expression: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, unknown>>;
}

/** There is no such item. */
export const isAbsent: Expression = {
  expression: 'attribute_not_exists(#pk)',
  names: { '#pk': PARTITION_KEY },
};

/** There is such an item. */
export const isPresent: Expression = { expression: 'attribute_exists(#pk)', names: { '#pk': PARTITION_KEY } };

/** The wall clock in the unit of `ttl`, such that `ttl <= ttlNow` is `isExpired`. */
const ttlNow = (now: Date): number => Math.floor(now.getTime() / SECOND_MS);

const expiry = (now: Date) => ({ names: { '#ttl': 'ttl' }, values: { ':ttlNow': ttlNow(now) } });

/** There is such an item, with a `ttl`, and it has not expired. */
export const isUnexpired = (now: Date): Expression => ({ expression: '#ttl > :ttlNow', ...expiry(now) });

/** There is no such item, or it has expired. */
export const isVacant = (now: Date): Expression =>
  anyOf(isAbsent, { expression: '#ttl <= :ttlNow', ...expiry(now) });

/** The item has these values; an attribute with the value `undefined` must be absent. */
export function says(attributes: Readonly<Record<string, unknown>>): Expression {
  const entries = Object.entries(attributes);
  const stated = entries.filter(([, value]) => value !== undefined);
  return {
    expression: entries
      .map(([name, value]) =>
        value === undefined ? `attribute_not_exists(#${name})` : `#${name} = :is_${name}`,
      )
      .join(' AND '),
    names: Object.fromEntries(entries.map(([name]) => [`#${name}`, name])),
    ...(stated.length > 0 && {
      values: Object.fromEntries(stated.map(([name, value]) => [`:is_${name}`, value])),
    }),
  };
}

/** The item is at this version; `undefined`: it has none yet. */
export const hasVersion = (version: number | undefined): Expression => says({ version });

export interface Changes {
  /** Attributes to write; one with the value `undefined` is left as it is. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Attributes to write only where they are absent. */
  readonly setOnce?: Readonly<Record<string, unknown>>;
  /** Numbers to add, or sets to unite. */
  readonly add?: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
}

const stated = (attributes: Readonly<Record<string, unknown>> = {}) =>
  Object.entries(attributes).filter(([, value]) => value !== undefined);

/** An update by attributes. Write what this cannot say as an expression of its own. */
export function changes({ set, setOnce, add, remove = [] }: Changes): Expression {
  const sets = stated(set);
  const once = stated(setOnce);
  const added = stated(add);
  const assignments = [
    ...sets.map(([name]) => `#${name} = :${name}`),
    ...once.map(([name]) => `#${name} = if_not_exists(#${name}, :${name})`),
  ];
  const written = [...sets, ...once, ...added];
  return {
    expression: [
      assignments.length > 0 && `SET ${assignments.join(', ')}`,
      added.length > 0 && `ADD ${added.map(([name]) => `#${name} :${name}`).join(', ')}`,
      remove.length > 0 && `REMOVE ${remove.map((name) => `#${name}`).join(', ')}`,
    ]
      .filter(Boolean)
      .join(' '),
    names: Object.fromEntries(
      [...written.map(([name]) => name), ...remove].map((name) => [`#${name}`, name]),
    ),
    ...(written.length > 0 && {
      values: Object.fromEntries(written.map(([name, value]) => [`:${name}`, value])),
    }),
  };
}

/** All of these conditions hold. */
export const allOf = (...conditions: readonly Expression[]): Expression =>
  joined(
    conditions.map((condition) => ({ ...condition, expression: `(${condition.expression})` })),
    ' AND ',
  );

/** One of these conditions holds. */
export const anyOf = (...conditions: readonly Expression[]): Expression =>
  joined(
    conditions.map((condition) => ({ ...condition, expression: `(${condition.expression})` })),
    ' OR ',
  );

const joined = (conditions: readonly Expression[], by: string): Expression => ({
  expression: conditions.map(({ expression }) => expression).join(by),
  ...namesAndValues(conditions),
});

/** Names and values of several expressions of one request, absent where there are none: DynamoDB refuses empty maps. */
export function namesAndValues(expressions: readonly (Expression | undefined)[]) {
  const names = Object.assign({}, ...expressions.map((each) => each?.names)) as Record<string, string>;
  const values = Object.assign({}, ...expressions.map((each) => each?.values)) as Record<string, unknown>;
  return {
    ...(Object.keys(names).length > 0 && { names }),
    ...(Object.keys(values).length > 0 && { values }),
  };
}
