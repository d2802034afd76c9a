import { quartileRanges } from '../mining/cases/feature-table.ts';
import { inRange } from '../mining/cases/matching.ts';
import type { Features, MiningSettings } from '../mining/types.ts';
import type { Part } from './contract.ts';
import type { DecisionResult } from './decision-result.ts';
import { type Dimension, isDimension } from './grouping.ts';
import { Tally } from './tally.ts';

export interface Group {
  readonly parts: readonly Part[];
  readonly tally: Tally;
}

export const partOf = (by: Dimension, value: string | null): Part =>
  value === null ? { by, op: 'absent' } : { by, op: 'eq', value };

interface Seen {
  readonly result: DecisionResult;
  readonly features: Features;
}

/**
 * Groups results by the values of any paths. The JSON type decides: an array counts under each of its values, and numbers
 * with more than 8 values are cut at the quartiles of the resolved decisions. Holds every decision until all are there.
 */
export class PathGrouping {
  readonly #by: readonly string[];
  readonly #settings: MiningSettings;
  readonly #seen: Seen[] = [];

  constructor(by: readonly string[], settings: MiningSettings) {
    this.#by = by;
    this.#settings = settings;
  }

  add(result: DecisionResult, features: Features): void {
    const asked = new Map(
      this.#by.flatMap((path) => (features.has(path) ? [[path, features.get(path)!]] : [])),
    );
    this.#seen.push({ result, features: asked });
  }

  groups(order: (a: DecisionResult, b: DecisionResult) => number): { groups: Group[]; all: Tally } {
    this.#seen.sort((a, b) => order(a.result, b.result));
    const ranges = new Map(this.#by.map((path) => [path, this.#rangesOf(path)]));
    const all = new Tally();
    const groups = new Map<string, Group>();
    for (const { result, features } of this.#seen) {
      all.add(result);
      const parts = this.#by.map((by) =>
        isDimension(by) ? dimensionParts(result, by) : pathParts(by, features, ranges.get(by)!),
      );
      for (const combined of combine(parts)) {
        const name = JSON.stringify(combined);
        let group = groups.get(name);
        if (!group) groups.set(name, (group = { parts: combined, tally: new Tally() }));
        group.tally.add(result);
      }
    }
    return { groups: [...groups.values()], all };
  }

  #rangesOf(path: string) {
    const numbersIn = (seen: readonly Seen[]): number[] =>
      seen.flatMap(({ features }) => {
        const feature = features.get(path);
        return feature?.kind === 'value' && typeof feature.value === 'number' ? [feature.value] : [];
      });
    const numbers = numbersIn(this.#seen);
    if (new Set(numbers).size <= this.#settings.maxDistinctNumbers) return [];
    const resolved = numbersIn(
      this.#seen.filter(({ result: { kind } }) => kind === 'success' || kind === 'failure'),
    );
    return quartileRanges(path, Float64Array.from(resolved.length > 0 ? resolved : numbers));
  }
}

const dimensionParts = (result: DecisionResult, by: Dimension): Part[] => {
  if (by !== 'provider') return [partOf(by, result[by] ?? null)];
  return result.followed.length > 0
    ? result.followed.map((provider) => partOf(by, provider))
    : [partOf(by, null)];
};

function pathParts(
  by: string,
  features: Features,
  ranges: readonly { readonly min: number | null; readonly max: number | null }[],
): Part[] {
  const feature = features.get(by);
  if (!feature) return [{ by, op: 'absent' }];
  if (feature.kind === 'present') return [{ by, op: 'present' }];
  if (feature.kind === 'set') return feature.values.map((value) => ({ by, op: 'contains', value }));
  const { value } = feature;
  const range = typeof value === 'number' ? ranges.find((candidate) => inRange(value, candidate)) : undefined;
  return [range ? { by, op: 'in_range', min: range.min, max: range.max } : { by, op: 'eq', value }];
}

const combine = (parts: readonly (readonly Part[])[]): Part[][] =>
  parts.reduce<Part[][]>((all, some) => all.flatMap((one) => some.map((part) => [...one, part])), [[]]);
