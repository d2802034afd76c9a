import type { Item } from './table.ts';

/** One answer of the table: its entries in order, `value` undefined where the list does not show the entry. */
export interface RawPage<T> {
  readonly entries: readonly { readonly sortKey: string; readonly value: T | undefined }[];
  readonly last: Item | undefined;
}

export interface LivePage<T> {
  readonly items: T[];
  /** Sort key to go on after; undefined at the end. */
  readonly position: string | undefined;
}

/** A list that hides much (expired, another type) reads on this often before it answers with a short page. */
const MAX_QUERIES = 10;
const FILTERED_LIMIT = 100;

/**
 * Reads until `maxResults` entries are shown. One entry more than asked is read, so the token is absent exactly at
 * the end, and a list that hides nothing takes one query.
 *
 * @param filtered whether the request hides entries: then more are read at once
 */
export async function collectPage<T>(
  maxResults: number,
  filtered: boolean,
  start: Item | undefined,
  query: (start: Item | undefined, limit: number) => Promise<RawPage<T>>,
): Promise<LivePage<T>> {
  const items: T[] = [];
  let from = start;
  let position: string | undefined;
  for (let queries = 0; queries < MAX_QUERIES; queries++) {
    const wanted = maxResults + 1 - items.length;
    const { entries, last } = await query(
      from,
      filtered || queries > 0 ? Math.max(wanted, FILTERED_LIMIT) : wanted,
    );
    for (const { sortKey, value } of entries) {
      if (value !== undefined && items.length === maxResults) return { items, position };
      if (value !== undefined) items.push(value);
      position = sortKey;
    }
    if (!last) return { items, position: undefined };
    from = last;
  }
  return { items, position };
}
