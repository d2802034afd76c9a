import { type IndexSchema, PARTITION_KEY, SORT_KEY } from '../schema/tables.ts';
import type { Expression } from './expressions.ts';

/** Bounds of a sort key. `from` and `to` are inclusive, `after` and `before` are not. */
export type SortRange =
  | { readonly prefix: string }
  | { readonly from: string | number; readonly to: string | number }
  | { readonly from: string | number }
  | { readonly to: string | number }
  | { readonly after: string | number }
  | { readonly before: string | number };

export interface ReadOptions {
  /** Attributes to return, nested ones by path (`outcome.status`); reserved words are fine. @default all, at the same price */
  readonly attributes?: readonly string[];
  /** @default false: expired items are dropped, which DynamoDB deletes up to days late */
  readonly keepExpired?: boolean;
  /** Half the price, and maybe a second old. Reads of an index are so anyway. @default false */
  readonly eventual?: boolean;
}

export interface Query extends ReadOptions {
  /** Value of the partition key, of the table or of the index. */
  readonly partition: string;
  /** @default the table itself */
  readonly index?: IndexSchema;
  /** @default every sort key */
  readonly sort?: SortRange;
  /** Largest sort key first. @default false */
  readonly descending?: boolean;
  /** Items read for a page, before filter and expiry. @default a megabyte of them */
  readonly limit?: number;
  /** Dropped items were read and are paid for. */
  readonly filter?: Expression;
  /** Key of the item to go on after: `last` of the page before. */
  readonly start?: Record<string, unknown>;
}

export const consistency = ({ eventual }: ReadOptions) => ({ ConsistentRead: eventual !== true });

/** The attributes asked for, and `ttl`, by which expired items are told. An index has only what it projects. */
export function projection({ attributes, keepExpired }: ReadOptions, isIndex = false) {
  if (!attributes) return undefined;
  const shown = [...new Set([...attributes, ...(keepExpired || isIndex ? [] : ['ttl'])])].map((path) =>
    path.split('.'),
  );
  const names = [...new Set(shown.flat())];
  return {
    ProjectionExpression: shown
      .map((path) => path.map((name) => `#a${names.indexOf(name)}`).join('.'))
      .join(', '),
    ExpressionAttributeNames: Object.fromEntries(names.map((name, i) => [`#a${i}`, name])),
  };
}

export function keyCondition(
  index: IndexSchema | undefined,
  partition: string,
  sort?: SortRange,
): Expression {
  const names = {
    '#pk': index?.partitionKey ?? PARTITION_KEY,
    ...(sort && { '#sk': index?.sortKey.name ?? SORT_KEY }),
  };
  const range = sort && sortCondition(sort);
  return {
    expression: '#pk = :pk' + (range ? ` AND ${range.expression}` : ''),
    names,
    values: { ':pk': partition, ...range?.values },
  };
}

function sortCondition(sort: SortRange): Expression {
  if ('prefix' in sort)
    return { expression: 'begins_with(#sk, :prefix)', values: { ':prefix': sort.prefix } };
  if ('from' in sort && 'to' in sort)
    return { expression: '#sk BETWEEN :from AND :to', values: { ':from': sort.from, ':to': sort.to } };
  if ('from' in sort) return { expression: '#sk >= :from', values: { ':from': sort.from } };
  if ('to' in sort) return { expression: '#sk <= :to', values: { ':to': sort.to } };
  if ('after' in sort) return { expression: '#sk > :after', values: { ':after': sort.after } };
  return { expression: '#sk < :before', values: { ':before': sort.before } };
}
