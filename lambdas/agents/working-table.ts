import type * as z from 'zod';
import { anyOf, type Expression } from '../shared/dynamodb/expressions.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import { HOUR_MS, SECOND_MS, toTtl } from '../shared/platform/clock.ts';
import type { JsonValue } from '../shared/schema/fields.ts';
import { SORT_KEY } from '../shared/schema/tables.ts';
import { agentRowKey } from './table.ts';
import type { workingSchema } from './working-contract.ts';

/** `WORKING#{key}`: an agent's short-lived notes. `COUNTER#…`: one item per counter and window. */
export type WorkingEntry = z.output<typeof workingSchema>;

export const WORKING_PREFIX = 'WORKING#';

export const workingKey = (agentId: string, key: string) => agentRowKey(agentId, `${WORKING_PREFIX}${key}`);

/** The value is stored as JSON text: a map attribute loses the order of its keys, and prompts are made of this. */
export const workingToItem = (entry: Omit<WorkingEntry, 'value'>, text: string): Item => ({
  ...workingKey(entry.agentId, entry.key),
  json: text,
  updatedAt: entry.updatedAt,
  expiresAt: entry.expiresAt,
  ttl: toTtl(Date.parse(entry.expiresAt)),
});

export const workingFromItem = (agentId: string, item: Item): WorkingEntry => ({
  agentId,
  key: String(item[SORT_KEY]).slice(WORKING_PREFIX.length),
  value: JSON.parse(item['json'] as string) as JsonValue,
  updatedAt: item['updatedAt'] as string,
  expiresAt: item['expiresAt'] as string,
});

/** The entry is live; timestamps of fixed width compare as text. */
export const livesAt = (now: string): Expression => ({
  expression: 'expiresAt > :now',
  values: { ':now': now },
});

/** An entry ends at its millisecond, its `ttl` up to a second later. */
export const isLive = (item: Item | undefined, now: Date): item is Item =>
  item !== undefined && String(item['expiresAt']) > now.toISOString();

/** Windows are aligned to the epoch, so every caller and every function instance agrees on them. */
export function windowAt(now: Date, windowSeconds: number): { readonly start: Date; readonly end: Date } {
  const length = windowSeconds * SECOND_MS;
  const start = Math.floor(now.getTime() / length) * length;
  return { start: new Date(start), end: new Date(start + length) };
}

/**
 * The window is part of the key: a new window is a new item that counts from 0, so nothing has to be reset, and an
 * item DynamoDB deletes late is never read again.
 */
export const counterKey = (agentId: string, key: string, windowSeconds: number, windowStart: Date) =>
  agentRowKey(agentId, `${counterPrefix(key, windowSeconds)}${windowStart.toISOString()}`);

/** Of the sort keys of a counter's windows, which sort by time. */
export const counterPrefix = (key: string, windowSeconds: number): string =>
  `COUNTER#${key}#${windowSeconds}#`;

export const windowStartOf = (item: Item): Date => new Date(String(item[SORT_KEY]).split('#')[3]!);

/** An hour past the end: a caller whose clock is behind still finds the count. */
export const counterTtl = (windowEnd: Date): number => toTtl(windowEnd.getTime() + HOUR_MS);

/** Another `by` fits under the limit. More than the limit at once never fits, not even into an empty window. */
export function hasRoom(by: number, limit: number): Expression {
  const count = { '#count': 'count' };
  const room = { expression: '#count <= :room', names: count, values: { ':room': limit - by } };
  return by > limit ? room : anyOf({ expression: 'attribute_not_exists(#count)', names: count }, room);
}
