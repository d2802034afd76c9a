import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { itemBytes, MAX_ITEM_BYTES } from '../shared/dynamodb/item-size.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import { type Grouping, GroupTallies, type StoredGroups } from './grouping.ts';

/**
 * Rollups in `agent_memory_ltm`, which outlive the decisions they were made of:
 *
 * - `performance:{agentId}#{grouping}` / `D#{day}#{day it was logged on}`: results of the decisions of a UTC day
 * - the same / `M#{month}`, `Y#{year}`: what its days, or months, add up to
 *
 * A day's decisions that were logged on different days expire on different days. With a row for each logging day, the
 * decisions that are left can be counted again without losing those that expired.
 */
export const rollupPartition = (agentId: string, grouping: Grouping): string =>
  `performance:${agentId}#${grouping}`;

export type Level = 'Y' | 'M' | 'D';

/** Bounds of the rows of a level, both included. */
export const levelRange = (level: Level, from: string, to: string) => ({
  from: `${level}#${from}`,
  // '~' sorts after every character of a day.
  to: `${level}#${to}~`,
});

export const monthSortKey = (month: string): string => `M#${month}`;
export const yearSortKey = (year: string): string => `Y#${year}`;
export const daySortKey = (day: string, loggedOn: string): string => `D#${day}#${loggedOn}`;

/** The year, month or day of a row. */
export const periodOfRow = (item: Item): string => String(item[SORT_KEY]).split('#')[1]!;
export const loggedOnOfRow = (item: Item): string => String(item[SORT_KEY]).split('#')[2]!;

/** Number of groups a row keeps apart, the commonest. Fewer where they would not fit an item. */
export const MAX_GROUPS = 500;

/** Stores tallies as deflated JSON: a tenth of their size as attributes. */
export function toRollupItem(
  agentId: string,
  grouping: Grouping,
  sortKey: string,
  tallies: GroupTallies,
): Item {
  for (let most = MAX_GROUPS; ; most = Math.floor(most / 2)) {
    const item = {
      [PARTITION_KEY]: rollupPartition(agentId, grouping),
      [SORT_KEY]: sortKey,
      tallies: deflateRawSync(JSON.stringify(tallies.toStored(most))),
    };
    if (most === 0 || itemBytes(item) <= MAX_ITEM_BYTES) return item;
  }
}

export const fromRollupItem = (item: Item): GroupTallies =>
  GroupTallies.fromStored(
    JSON.parse(inflateRawSync(item['tallies'] as Uint8Array).toString()) as StoredGroups,
  );
