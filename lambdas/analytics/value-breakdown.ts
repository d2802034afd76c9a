import { quartileRanges } from '../mining/cases/feature-table.ts';
import { inRange } from '../mining/cases/matching.ts';
import type { Features, MiningSettings } from '../mining/types.ts';
import type { Decision } from '../decisions/decision.ts';
import type { Part, Rate } from './contract.ts';
import { RateTally } from './rate.ts';

/** The value of a part: a condition as patterns have it, without its path, or the absence of the path. */
type PartOf = Part extends infer One ? (One extends Part ? Omit<One, keyof Rate> : never) : never;

const keyOf = (part: PartOf): string => JSON.stringify(part);

/**
 * Success by the values of one path, as mining reads them. The JSON type decides and nothing is coerced. An array counts
 * under each of its values. Numbers with many values are cut at the quartiles of the resolved decisions.
 */
export class ValueBreakdown {
  readonly #path: string;
  readonly #asOf: string;
  readonly #settings: MiningSettings;
  readonly #only: string | undefined;
  readonly #parts = new Map<string, { readonly part: PartOf; readonly tally: RateTally }>();
  /** Numbers wait here, because their cut points are known only when all decisions are there. */
  readonly #numbers = new Map<number, RateTally>();

  /** @param only text of the only value to show; a number or a boolean is given by its JSON text */
  constructor(path: string, asOf: string, settings: MiningSettings, only?: string) {
    this.#path = path;
    this.#asOf = asOf;
    this.#settings = settings;
    this.#only = only;
  }

  add(decision: Decision, features: Features): void {
    const feature = features.get(this.#path);
    if (!feature) return this.#count({ op: 'absent' }, decision);
    if (feature.kind === 'present') return this.#count({ op: 'present' }, decision);
    if (feature.kind === 'set')
      return feature.values.forEach((value) => this.#count({ op: 'contains', value }, decision));
    const { value } = feature;
    if (typeof value !== 'number') return this.#count({ op: 'eq', value }, decision);
    let tally = this.#numbers.get(value);
    if (!tally) this.#numbers.set(value, (tally = new RateTally()));
    tally.add(decision, this.#asOf);
  }

  /** Most decisions first. The only value to show is listed even without any decision. */
  parts(): { readonly items: Part[]; readonly truncated: boolean } {
    this.#countNumbers();
    let found = [...this.#parts.values()];
    if (this.#only !== undefined) {
      found = found.filter(({ part }) => 'value' in part && String(part.value) === this.#only);
      if (found.length === 0) found = [{ part: { op: 'eq', value: this.#only }, tally: new RateTally() }];
    }
    found.sort((a, b) => b.tally.decisions - a.tally.decisions || (keyOf(a.part) < keyOf(b.part) ? -1 : 1));
    const most = this.#settings.maxValuesPerPath;
    return {
      items: found.slice(0, most).map(({ part, tally }) => ({ ...part, ...tally.rate() })),
      truncated: found.length > most,
    };
  }

  #countNumbers(): void {
    const isCut = this.#numbers.size > this.#settings.maxDistinctNumbers && this.#only === undefined;
    const ranges = isCut ? this.#ranges() : [];
    for (const [value, tally] of this.#numbers) {
      const range = ranges.find((candidate) => inRange(value, candidate));
      this.#tally(range ? { op: 'in_range', min: range.min, max: range.max } : { op: 'eq', value }).include(
        tally,
      );
    }
    this.#numbers.clear();
  }

  #ranges() {
    const values: number[] = [];
    const repeat = (countOf: (tally: RateTally) => number): void => {
      for (const [value, tally] of this.#numbers) for (let i = countOf(tally); i > 0; i--) values.push(value);
    };
    repeat((tally) => tally.resolved);
    if (values.length === 0) repeat((tally) => tally.decisions);
    return quartileRanges(this.#path, Float64Array.from(values));
  }

  #count(part: PartOf, decision: Decision): void {
    this.#tally(part).add(decision, this.#asOf);
  }

  #tally(part: PartOf): RateTally {
    const key = keyOf(part);
    let counted = this.#parts.get(key);
    if (!counted) this.#parts.set(key, (counted = { part, tally: new RateTally() }));
    return counted.tally;
  }
}
