import type { CaseTable } from './case-table.ts';
import type { CodedColumn, NumberColumn, PathColumns } from './case-columns.ts';
import { orderStatistics } from '../statistics/order-statistics.ts';
import { conditionKey } from '../pattern-id.ts';
import { MAX_FEATURES } from '../settings.ts';
import type { Condition, Scalar } from '../vocabulary.ts';
import type { MiningSettings } from '../types.ts';
import { isMined } from './windowed-path.ts';

/** One condition worth testing, with the cases that meet it. */
export interface Feature {
  readonly condition: Condition;
  readonly key: string;
  readonly bitmap: Uint32Array;
  readonly n: number;
  readonly successes: number;
}

export interface FeatureTable {
  /** In the order of their keys. */
  readonly features: readonly Feature[];
  /** Their bitmaps, one after another. */
  readonly bits: Uint32Array;
  readonly truncatedPaths: readonly string[];
}

type Range = Extract<Condition, { readonly op: 'in_range' }>;

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The conditions to test: the commonest values of every path, and ranges between quartiles for numbers with many values.
 * A condition that fewer than `minOccurrences` cases meet cannot be part of a pattern. One that all cases meet says
 * nothing.
 */
export function buildFeatures(table: CaseTable, settings: MiningSettings): FeatureTable {
  const truncated = new Set<string>();
  const candidates: Candidate[] = [];
  for (const [path, columns] of table.cases.paths) {
    if (!isMined(path, settings)) continue;
    const { conditions, complete } = conditionsOf(path, columns, settings);
    if (!complete) truncated.add(path);
    for (const { condition, count } of conditions)
      if (count >= settings.minOccurrences && count < table.count)
        candidates.push({ condition, key: conditionKey(condition), n: count });
  }
  candidates.sort((a, b) => b.n - a.n || byText(a.key, b.key));
  for (const { condition } of candidates.slice(MAX_FEATURES)) truncated.add(condition.path);
  const kept = candidates.slice(0, MAX_FEATURES).sort((a, b) => byText(a.key, b.key));
  const bits = new Uint32Array(kept.length * table.words);
  const features = kept.map(({ condition, key }, index) => {
    const bitmap = bits.subarray(index * table.words, (index + 1) * table.words);
    bitmap.set(table.bitmapOf(condition));
    return { condition, key, bitmap, ...table.counts(bitmap) };
  });
  return { features, bits, truncatedPaths: [...truncated].sort(byText) };
}

/** A condition whose cases are not marked yet: there may be many more of these than are kept. */
interface Candidate {
  readonly condition: Condition;
  readonly key: string;
  readonly n: number;
}

interface Counted {
  readonly condition: Condition;
  /** Number of cases that meet it. */
  readonly count: number;
}

interface PathConditions {
  readonly conditions: readonly Counted[];
  /** False when the path has more values than are tested. */
  readonly complete: boolean;
}

function conditionsOf(path: string, columns: PathColumns, settings: MiningSettings): PathConditions {
  const values: Counted[] = [
    ...countValues(columns.values).map(({ value, count }) => ({
      condition: { path, op: 'eq' as const, value },
      count,
    })),
    ...countValues(columns.elements).map(({ value, count }) => ({
      condition: { path, op: 'contains' as const, value },
      count,
    })),
  ];
  const numbers = countNumbers(columns.numbers, settings.maxDistinctNumbers);
  for (const [value, count] of numbers ?? [])
    values.push({ condition: { path, op: 'eq' as const, value }, count });
  const all = columns.numbers.values.view();
  const ranges = (numbers ? [] : quartileRanges(path, all)).map((condition) => ({
    condition,
    count: countBetween(all, condition),
  }));
  const present = { condition: { path, op: 'present' as const }, count: columns.present.length };

  const complete = values.length <= settings.maxValuesPerPath;
  if (!complete) {
    // A path of ids has as many values as cases. Only values that could be in a pattern are worth sorting.
    const frequent = values.filter(({ count }) => count >= settings.minOccurrences);
    frequent.sort(
      (a, b) => b.count - a.count || byText(conditionKey(a.condition), conditionKey(b.condition)),
    );
    values.length = 0;
    values.push(...frequent.slice(0, settings.maxValuesPerPath));
  }
  return { conditions: [...values, ...ranges, present], complete };
}

function countValues(column: CodedColumn): { value: Scalar; count: number }[] {
  const counts = new Uint32Array(column.dictionary.size);
  for (const code of column.codes.view()) if (code < counts.length) counts[code]!++;
  return [...column.dictionary].map(([value, code]) => ({ value, count: counts[code]! }));
}

/** The occurrences of each number, or undefined when there are too many different ones to be values. */
function countNumbers(column: NumberColumn, maxDistinct: number): Map<number, number> | undefined {
  const counts = new Map<number, number>();
  for (const value of column.values.view()) {
    counts.set(value, (counts.get(value) ?? 0) + 1);
    if (counts.size > maxDistinct) return undefined;
  }
  return counts;
}

function countBetween(values: Float64Array, { min, max }: Range): number {
  const from = min ?? -Infinity;
  const to = max ?? Infinity;
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i]! >= from && values[i]! < to) count++;
  return count;
}

/**
 * Ranges between the window's quartiles, which are values that occurred. Equal cut points count as one. The rank of a
 * range is the number of quartiles at or below it, so its name stays while the quartiles move.
 */
export function quartileRanges(path: string, values: Float64Array): Range[] {
  const quarters = [0, 1, 2, 3].map((quarter) => Math.floor((values.length * quarter) / 4));
  const [least, ...cuts] = orderStatistics(values.slice(), quarters);
  const ranges: Range[] = [];
  for (let bin = 0; bin <= cuts.length; bin++) {
    const min = bin === 0 ? null : cuts[bin - 1]!;
    const max = bin === cuts.length ? null : cuts[bin]!;
    // A range between equal quartiles is empty, and so is one below a quartile that is the least value.
    if (max !== null && max <= (min ?? least!)) continue;
    ranges.push({ path, op: 'in_range', min, max, bin });
  }
  return ranges;
}
