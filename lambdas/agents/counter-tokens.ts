import { allOf, type Expression } from '../shared/dynamodb/expressions.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import { SECOND_MS } from '../shared/platform/clock.ts';
import { payloadHash, sha256 } from '../shared/platform/ids.ts';

/**
 * The clientTokens of a counter, in the item of its window: `v{token}` is the value after the count, `h{token}` a hash
 * of its body, `earlier` the tokens of windows before. About 30 bytes each, so an item stays within 1 KB.
 */
const KEPT_TOKENS = 16;
/** With so many tokens the oldest are forgotten, down to the kept ones: 1 more write for every eighth count. */
const MAX_TOKENS = 24;

export interface CountToken {
  readonly name: string;
  /** The body, but for what stands in the item's key. */
  readonly hash: string;
}

/** A count made before with this token. */
export interface KnownCount {
  readonly value: number;
  readonly hash: string;
  readonly windowStart: Date;
}

/** By token: value, hash, and the start of the window in seconds. */
export type EarlierCounts = Readonly<Record<string, readonly [value: number, hash: string, start: number]>>;

/** 48 bits tell the tokens of one counter apart. */
export const countTokenOf = (clientToken: string, body: unknown): CountToken => ({
  name: parseInt(sha256(clientToken).slice(0, 12), 16).toString(36),
  hash: payloadHash(body).slice(0, 6),
});

const earlierIn = (item: Item | undefined) => item?.['earlier'] as EarlierCounts | undefined;

/** The tokens of the windows before stand in this item, or there were none. */
export const knowsEarlier = (item: Item | undefined): boolean => earlierIn(item) !== undefined;

export function knownCount(item: Item | undefined, name: string, windowStart: Date): KnownCount | undefined {
  const value = item?.[`v${name}`];
  if (value !== undefined) return { value: Number(value), hash: String(item?.[`h${name}`]), windowStart };
  const earlier = earlierIn(item)?.[name];
  return earlier && { value: earlier[0], hash: earlier[1], windowStart: new Date(earlier[2] * SECOND_MS) };
}

/** Counts, and notes under the token what the count came to. @param earlier written unless the item has them */
export const countedOnce = (
  { name, hash }: CountToken,
  by: number,
  ttl: number,
  earlier: EarlierCounts | undefined,
): Expression => ({
  expression:
    'SET #ttl = :ttl, #hash = :hash, #value = if_not_exists(#count, :zero) + :by' +
    `${earlier ? ', #earlier = if_not_exists(#earlier, :earlier)' : ''} ADD #count :by`,
  names: {
    '#ttl': 'ttl',
    '#hash': `h${name}`,
    '#value': `v${name}`,
    '#count': 'count',
    ...(earlier && { '#earlier': 'earlier' }),
  },
  values: { ':ttl': ttl, ':hash': hash, ':zero': 0, ':by': by, ...(earlier && { ':earlier': earlier }) },
});

const isUnknown = (name: string): Expression => ({
  expression: 'attribute_not_exists(#value) AND attribute_not_exists(#earlier.#token)',
  names: { '#value': `v${name}`, '#earlier': 'earlier', '#token': name },
});

const hasEarlier: Expression = {
  expression: 'attribute_exists(#earlier)',
  names: { '#earlier': 'earlier' },
};

/** The token is new to this item, and the item knows the windows before or will. */
export const isFirstCount = (
  { name }: CountToken,
  earlier: EarlierCounts | undefined,
  room: Expression | undefined,
): Expression => allOf(isUnknown(name), ...(earlier ? [] : [hasEarlier]), ...(room ? [room] : []));

interface Noted {
  readonly name: string;
  readonly count: readonly [value: number, hash: string, start: number];
  readonly isEarlier: boolean;
}

/** All tokens of an item, the newest first. */
function notedIn(item: Item, windowStart: Date): Noted[] {
  const start = windowStart.getTime() / SECOND_MS;
  const own = Object.keys(item)
    .filter((name) => /^v[0-9a-z]+$/.test(name))
    .map((name): Noted => ({
      name: name.slice(1),
      count: [Number(item[name]), String(item[`h${name.slice(1)}`]), start],
      isEarlier: false,
    }));
  const earlier = Object.entries(earlierIn(item) ?? {}).map(([name, count]): Noted => ({
    name,
    count,
    isEarlier: true,
  }));
  return [...own, ...earlier].sort((a, b) => b.count[2] - a.count[2] || b.count[0] - a.count[0]);
}

/** The newest tokens of an item, for the item of the next window. */
export const earlierCountsOf = (item: Item, windowStart: Date): EarlierCounts =>
  Object.fromEntries(
    notedIn(item, windowStart)
      .slice(0, KEPT_TOKENS)
      .map(({ name, count }) => [name, count]),
  );

/** Forgets the oldest tokens; undefined while there is room. */
export function forgetting(item: Item, windowStart: Date): Expression | undefined {
  const noted = notedIn(item, windowStart);
  if (noted.length < MAX_TOKENS) return undefined;
  const names: Record<string, string> = {};
  const paths = noted.slice(KEPT_TOKENS).flatMap(({ name, isEarlier }, i) => {
    if (isEarlier) {
      names['#earlier'] = 'earlier';
      names[`#e${i}`] = name;
      return [`#earlier.#e${i}`];
    }
    names[`#v${i}`] = `v${name}`;
    names[`#h${i}`] = `h${name}`;
    return [`#v${i}`, `#h${i}`];
  });
  return { expression: `REMOVE ${paths.join(', ')}`, names };
}
