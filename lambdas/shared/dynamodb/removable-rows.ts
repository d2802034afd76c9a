import { PARTITION_KEY, SORT_KEY, type TableName } from '../schema/tables.ts';
import { keyOf } from './entity.ts';
import { says } from './expressions.ts';
import { itemBytes } from './item-size.ts';
import type { Item, Table, TransactAction } from './table.ts';

/** The work of an erasure in one transaction, beside counting it. */
export interface Removal {
  readonly table: TableName;
  /** At most 99, on at most 3 MB of rows. A transaction takes 100 actions and 4 MB, and a removed row may count whole. */
  readonly actions: readonly TransactAction[];
  /** Rows that are gone afterwards. Other actions take something out of a row that stays. */
  readonly rows: number;
}

/** One less than a transaction holds: the last action counts. */
const ROWS_AT_A_TIME = 99;
/** The fourth megabyte is for the row that counts, and for a row that is rewritten in the same transaction. */
const BYTES_AT_A_TIME = 3 * 1024 * 1024;

/** Finds and removes rows of one table for an erasure: strongly consistent, by keys, without a Scan, expired or not. */
export class RemovableRows {
  readonly #table: Table;
  readonly #tableName: TableName;

  constructor(table: Table, tableName: TableName) {
    this.#table = table;
    this.#tableName = tableName;
  }

  /**
   * Rows of a partition, in pages that fit a transaction: a query ends a page at a megabyte. Costs 1 read unit for 4 KB
   * of them, whichever attributes are read.
   */
  async *read(
    partition: string,
    prefix = '',
    attributes?: readonly string[],
    order: { readonly descending?: boolean } = {},
  ): AsyncGenerator<Item[]> {
    const pages = this.#table.pages({
      partition,
      ...order,
      limit: ROWS_AT_A_TIME,
      keepExpired: true,
      ...(prefix !== '' && { sort: { prefix } }),
      ...(attributes && { attributes: [PARTITION_KEY, SORT_KEY, ...attributes] }),
    });
    for await (const rows of pages) if (rows.length > 0) yield rows;
  }

  /** Removes all rows of a partition, or those whose sort key has this prefix. @param order default: smallest key first */
  async *ofPartition(
    partition: string,
    prefix = '',
    order: { readonly descending?: boolean } = {},
  ): AsyncGenerator<Removal> {
    for await (const rows of this.read(partition, prefix, [], order)) yield this.removal(rows);
  }

  /** Removes those of these rows that exist. Reads them whole, at the price of their keys: 99 rows may be 39 MB. */
  async *existing(keys: readonly Item[]): AsyncGenerator<Removal> {
    for (let start = 0; start < keys.length; start += ROWS_AT_A_TIME) {
      const some = keys.slice(start, start + ROWS_AT_A_TIME).map(keyOf);
      const rows = await this.#table.getAll(some, { keepExpired: true });
      for (const part of bySize(rows)) yield this.removal(part);
    }
  }

  /** @param rows of one page of `read`, or as few and as small */
  removal(rows: readonly Item[]): Removal {
    return {
      table: this.#tableName,
      actions: rows.map((row) => this.#table.actions.delete(keyOf(row))),
      rows: rows.length,
    };
  }

  /** Takes something out of a row that is still as it was read: its `guard`, an attribute or its version, is the same. */
  rewrite(before: Item, after: Item, guard: string): Removal {
    const unchanged = says({ [guard]: before[guard] });
    return { table: this.#tableName, actions: [this.#table.actions.put(after, unchanged)], rows: 0 };
  }
}

/** Parts of at most BYTES_AT_A_TIME. */
function bySize(rows: readonly Item[]): Item[][] {
  const parts: Item[][] = [];
  let left = 0;
  for (const row of rows) {
    const bytes = itemBytes(row);
    if (parts.length === 0 || bytes > left) {
      parts.push([]);
      left = BYTES_AT_A_TIME;
    }
    parts.at(-1)!.push(row);
    left -= bytes;
  }
  return parts;
}
