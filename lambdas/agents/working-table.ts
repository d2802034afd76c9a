import type * as z from 'zod';
import { allOf, anyOf, type Expression, isAbsent, says } from '../shared/dynamodb/expressions.ts';
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

/** An append with a token, as the item keeps it: it is told from others, and answered as it was. */
export interface KeptAppend {
  readonly token: string;
  readonly payload: string;
  readonly version: number;
  readonly length: number;
  readonly updatedAt: string;
  readonly expiresAt: string;
}

/** Attributes of a write. The value is JSON text: a map loses the order of its keys, and prompts are made of this. */
export const workingAttributes = (
  { updatedAt, expiresAt }: Pick<WorkingEntry, 'updatedAt' | 'expiresAt'>,
  text: string,
  writeId: string,
) => ({ json: text, updatedAt, expiresAt, ttl: toTtl(Date.parse(expiresAt)), writeId });

const valueOf = (item: Item): JsonValue => JSON.parse(item['json'] as string) as JsonValue;

export const workingFromItem = (agentId: string, item: Item): WorkingEntry => ({
  agentId,
  key: String(item[SORT_KEY]).slice(WORKING_PREFIX.length),
  value: valueOf(item),
  version: storedVersion(item),
  updatedAt: item['updatedAt'] as string,
  expiresAt: item['expiresAt'] as string,
});

/** An item from before there were versions counts as written once. */
export const storedVersion = (item: Item): number => Number(item['version'] ?? 1);

/** The version of a live entry; 0: there is none, or its time is up. */
export const versionAt = (item: Item | undefined, now: Date): number =>
  isLive(item, now) ? storedVersion(item) : 0;

/** The item is at this version, which one from before there were versions has without saying so. */
export const isAtVersion = (version: number): Expression =>
  version === 1
    ? anyOf(says({ version }), { ...hasAnyVersion, expression: `NOT (${hasAnyVersion.expression})` })
    : says({ version });

/** The item is the one that was read. Items from before there were versions have no `version` and no `writeId`. */
export const isUnchanged = ({ version, writeId, updatedAt }: Item): Expression =>
  says({ version, writeId, updatedAt });

/**
 * The entry may be replaced by an update that adds 1 to its version. That does not hold for a live item without one:
 * it would get version 1, which it counts as having.
 */
export function isReplaceable(now: Date, expectedVersion: number | undefined): Expression {
  if (expectedVersion) return allOf(says({ version: expectedVersion }), livesAt(now.toISOString()));
  const vacant = anyOf(isAbsent, { expression: 'expiresAt <= :now', values: { ':now': now.toISOString() } });
  return expectedVersion === 0 ? vacant : anyOf(vacant, hasAnyVersion);
}

const hasAnyVersion: Expression = {
  expression: 'attribute_exists(#version)',
  names: { '#version': 'version' },
};

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
