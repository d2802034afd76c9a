import type { DecisionResult } from './decision-result.ts';
import { type StoredTally, Tally } from './tally.ts';

/** Nightly rollups are kept by each of these, and by each two of them. */
export const dimensions = ['provider', 'regime', 'symbol', 'decisionType'] as const;
export type Dimension = (typeof dimensions)[number];

export const isDimension = (text: string): text is Dimension =>
  (dimensions as readonly string[]).includes(text);

/** `closed` groups by the day a decision was closed on: a portfolio's earnings of a day. */
export type Grouping = 'all' | 'closed' | Dimension | `${Dimension}+${Dimension}`;

/** One name for two dimensions, whichever comes first. */
export function groupingOf(by: readonly Dimension[]): Grouping {
  const sorted = dimensions.filter((dimension) => by.includes(dimension));
  return (sorted.join('+') || 'all') as Grouping;
}

export const partsOf = (grouping: Grouping): Dimension[] => grouping.split('+').filter(isDimension);

export const groupings: readonly Grouping[] = [
  'all',
  'closed',
  ...dimensions,
  ...dimensions.flatMap((one, i) => dimensions.slice(i + 1).map((other) => groupingOf([one, other]))),
];

/** All groupings but `closed` have rows that add up months and years. Days of closing are read one by one. */
export const isSummed = (grouping: Grouping): boolean => grouping !== 'closed';

/** Values by dimension; null where a decision has none. */
export type GroupKey = readonly (string | null)[];

/** A decision counts under each provider whose advice was followed. */
function valuesOf(result: DecisionResult, dimension: Dimension): GroupKey {
  if (dimension === 'provider') return result.followed.length > 0 ? result.followed : [null];
  return [result[dimension] ?? null];
}

const combine = (parts: readonly GroupKey[]): GroupKey[] =>
  parts.reduce<GroupKey[]>(
    (keys, values) => keys.flatMap((key) => values.map((value) => [...key, value])),
    [[]],
  );

const keysOf = (result: DecisionResult, grouping: Grouping): GroupKey[] => {
  if (grouping === 'closed') return result.closedOn === undefined ? [] : [[result.closedOn]];
  return combine(partsOf(grouping).map((dimension) => valuesOf(result, dimension)));
};

const opposedKeysOf = (result: DecisionResult, grouping: Grouping): GroupKey[] => {
  const parts = partsOf(grouping);
  if (!parts.includes('provider') || result.opposed.length === 0) return [];
  return combine(
    parts.map((dimension) => (dimension === 'provider' ? result.opposed : valuesOf(result, dimension))),
  );
};

export interface StoredGroups {
  readonly groups: readonly (readonly [GroupKey, StoredTally])[];
  readonly others?: StoredTally;
}

/** Tallies by group. */
export class GroupTallies {
  readonly #groups = new Map<string, { readonly key: GroupKey; readonly tally: Tally }>();
  /** Tally of the groups that were too many to keep apart; undefined: there were none. */
  #others: Tally | undefined;

  get entries(): { readonly key: GroupKey; readonly tally: Tally }[] {
    return [...this.#groups.values()];
  }

  get others(): Tally | undefined {
    return this.#others;
  }

  at(key: GroupKey): Tally {
    const name = JSON.stringify(key);
    let group = this.#groups.get(name);
    if (!group) this.#groups.set(name, (group = { key, tally: new Tally() }));
    return group.tally;
  }

  /** Add results in order of time. */
  add(result: DecisionResult, grouping: Grouping): void {
    for (const key of keysOf(result, grouping)) this.at(key).add(result);
    for (const key of opposedKeysOf(result, grouping)) this.at(key).addOpposed(result);
  }

  /** @param later tallies of a later stretch of time */
  append(later: GroupTallies): void {
    for (const { key, tally } of later.entries) this.at(key).append(tally);
    if (later.#others) (this.#others ??= new Tally()).append(later.#others);
  }

  /** @param most groups to keep apart, the commonest; the rest is counted together */
  toStored(most: number): StoredGroups {
    const sorted = this.entries.sort((a, b) => b.tally.decisions - a.tally.decisions);
    const others = new Tally();
    if (this.#others) others.append(this.#others);
    for (const { tally } of sorted.slice(most)) others.append(tally);
    return {
      groups: sorted.slice(0, most).map(({ key, tally }) => [key, tally.toStored()] as const),
      ...((this.#others || sorted.length > most) && { others: others.toStored() }),
    };
  }

  static fromStored({ groups, others }: StoredGroups): GroupTallies {
    const tallies = new GroupTallies();
    for (const [key, tally] of groups) tallies.at(key).append(Tally.fromStored(tally));
    if (others) tallies.#others = Tally.fromStored(others);
    return tallies;
  }
}
