import { quartileRanges } from '../consolidation/mining/feature-table.ts';
import { inRange } from '../consolidation/mining/matching.ts';
import type { Features, MiningSettings, Scalar } from '../consolidation/mining/types.ts';
import { verdictOf } from '../consolidation/window-cases.ts';
import type { Decision } from '../decisions/decision.ts';
import { type Rate, RateTally } from './rate.ts';

/** Which decisions a part of a breakdown holds: conditions as patterns have them, and those without the path. */
export type PartOf =
  | { readonly op: 'eq' | 'contains'; readonly value: Scalar }
  | {
      readonly op: 'in_range';
      readonly min: number | null;
      readonly max: number | null;
    }
  | { readonly op: 'present' }
  | { readonly op: 'absent' };

export type Part = PartOf & Rate;

interface Numbered {
  readonly decision: Decision;
  readonly value: number;
}

const keyOf = (part: PartOf): string => JSON.stringify(part);

/**
 * Success by the values of one path, as mining sees them: the JSON type decides and nothing is coerced, an array
 * counts under each of its values, and numbers with many values are cut at the quartiles of the resolved decisions.
 */
export class ValueBreakdown {
  readonly #path: string;
  readonly #asOf: string;
  readonly #settings: MiningSettings;
  readonly #only: string | undefined;
  readonly #parts = new Map<string, { readonly part: PartOf; readonly tally: RateTally }>();
  readonly #numbers: Numbered[] = [];

  /** @param only the text of the one value asked for; a number or a boolean is asked for by its JSON text */
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
    if (typeof feature.value === 'number' && this.#only === undefined)
      this.#numbers.push({ decision, value: feature.value });
    else this.#count({ op: 'eq', value: feature.value }, decision);
  }

  /** Most decisions first; what was asked for is there also when there is none of it. */
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
    const numbers = this.#numbers.splice(0);
    const distinct = new Set(numbers.map(({ value }) => value));
    if (distinct.size <= this.#settings.maxDistinctNumbers) {
      for (const { decision, value } of numbers) this.#count({ op: 'eq', value }, decision);
      return;
    }
    const resolved = numbers.filter(({ decision }) => verdictOf(decision, this.#asOf));
    const values = (resolved.length > 0 ? resolved : numbers).map(({ value }) => value);
    const ranges = quartileRanges(this.#path, Float64Array.from(values));
    for (const { decision, value } of numbers) {
      const range = ranges.find((candidate) => inRange(value, candidate));
      if (range) this.#count({ op: 'in_range', min: range.min, max: range.max }, decision);
    }
  }

  #count(part: PartOf, decision: Decision): void {
    const key = keyOf(part);
    let counted = this.#parts.get(key);
    if (!counted) this.#parts.set(key, (counted = { part, tally: new RateTally() }));
    counted.tally.add(decision, this.#asOf);
  }
}
