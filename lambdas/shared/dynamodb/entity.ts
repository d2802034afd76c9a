import { PARTITION_KEY, SORT_KEY } from '../schema/tables.ts';
import type { Item, Key } from './table.ts';

export const keyOf = (item: Item): Key => ({
  [PARTITION_KEY]: String(item[PARTITION_KEY]),
  [SORT_KEY]: String(item[SORT_KEY]),
});

const NOT_OF_ENTITY: ReadonlySet<string> = new Set([PARTITION_KEY, SORT_KEY, 'ttl']);

/**
 * An item's attributes as the entity they were stored from: without keys, `ttl` and the attributes named. Only for
 * items that `toItem` of the same entity wrote: the stored shape is not checked.
 */
export function entityOf<Entity>(item: Item, ...without: readonly string[]): Entity {
  // A loop: thousands of rows are read at once, and making entries of them first takes twice as long.
  const entity: Item = {};
  for (const name of Object.keys(item))
    if (!NOT_OF_ENTITY.has(name) && !without.includes(name)) entity[name] = item[name];
  return entity as Entity;
}

/** The part of an entity that these attributes hold, likewise unchecked. Absent ones stay absent. */
export const partOf = <Part>(item: Item, names: readonly (keyof Part & string)[]): Part =>
  Object.fromEntries(names.flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]]))) as Part;
