import { AnswerRoom } from '../shared/answer-room.ts';
import { decodePageToken, encodePageToken } from '../shared/dynamodb/page-token.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import { isDeliverySortKey } from './table.ts';

/** One page of the table: its entries in order, `value` undefined where the list does not show the entry. */
export interface TablePage<T> {
  readonly entries: readonly { readonly sortKey: string; readonly value: T | undefined }[];
  readonly last: Item | undefined;
}

/** A list, as one request sees it. */
export interface Listed<T> {
  readonly maxResults?: number;
  /** The key of the item at a position, for DynamoDB to go on after. */
  readonly keyAt: (position: string) => Item;
  /** Hides entries by request: then more are read at once. @default false */
  readonly filtered?: boolean;
  readonly read: (start: Item | undefined, limit: number) => Promise<TablePage<T>>;
}

export interface List<T> extends Listed<T> {
  /** Everything that decides what the list holds; its page tokens belong to it. */
  readonly scope: unknown;
  readonly nextToken?: string;
  /** Says whether a sort key may be a position in this list. @default any delivery's */
  readonly isPosition?: (value: unknown) => value is string;
}

export interface ListPage<T> {
  readonly items: T[];
  readonly nextToken: string | null;
}

export interface FilledPage<T> {
  readonly shown: { readonly sortKey: string; readonly value: T }[];
  /** Sort key to go on after; undefined at the end of the list. */
  readonly end: string | undefined;
}

export const DEFAULT_MAX_RESULTS = 20;
/** Most queries of one answer. A list that hides more than they find (expired, another type) answers with a short page. */
const MAX_QUERIES = 10;
const FILTERED_LIMIT = 100;

/**
 * Reads until `maxResults` entries are shown. One entry more than asked is read, so the token is absent exactly at
 * the end, and a list that hides nothing takes one query.
 *
 * @throws ValidationFailedError for a token of another list
 */
export async function fillPage<T>(list: List<T>): Promise<ListPage<T>> {
  const { scope, nextToken, isPosition = isDeliverySortKey } = list;
  const { shown, end } = await readPage(list, decodePageToken(scope, nextToken, isPosition));
  return {
    items: shown.map(({ value }) => value),
    nextToken: end === undefined ? null : encodePageToken(scope, end),
  };
}

/** The same, without tokens. @param after sort key to go on after; undefined: the start of the list */
export async function readPage<T>(list: Listed<T>, after: string | undefined): Promise<FilledPage<T>> {
  const { maxResults = DEFAULT_MAX_RESULTS, filtered } = list;
  const shown: { sortKey: string; value: T }[] = [];
  const room = new AnswerRoom();
  let position = after;
  let start = position === undefined ? undefined : list.keyAt(position);
  for (let queries = 0; queries < MAX_QUERIES; queries++) {
    const wanted = maxResults + 1 - shown.length;
    const limit = filtered || queries > 0 ? Math.max(wanted, FILTERED_LIMIT) : wanted;
    const { entries, last } = await list.read(start, limit);
    for (const { sortKey, value } of entries) {
      if (value !== undefined && (shown.length === maxResults || !room.take(value)))
        return { shown, end: position };
      if (value !== undefined) shown.push({ sortKey, value });
      position = sortKey;
    }
    if (!last) return { shown, end: undefined };
    position = String(last[SORT_KEY]);
    start = last;
  }
  return { shown, end: position };
}
