import { wilsonLowerBound } from '../statistics/wilson.ts';
import type { Asserts, Comparison, Condition, PatternNumbers } from '../vocabulary.ts';
import { describeWindowedPath } from '../cases/windowed-path.ts';

/** A pattern as one plain sentence with its numbers. */
export function describe(pattern: {
  readonly decisionType?: string;
  readonly asserts: Asserts;
  readonly conditions: readonly Condition[];
  readonly numbers: PatternNumbers;
}): string {
  const { asserts, conditions, numbers, decisionType } = pattern;
  const what = decisionType === undefined ? 'decisions' : `${decisionType} decisions`;
  const where = conditions.map(describeCondition).join(' and ');
  if (numbers.n === 0) return `No resolved ${what} with ${where}.`;
  const asserted = asserts === 'success' ? numbers.successes : numbers.n - numbers.successes;
  const verb = asserts === 'success' ? 'succeeded' : 'failed';
  const significance =
    numbers.qValue === null
      ? `p ${scientific(numbers.pValue)}, tested alone`
      : `p ${scientific(numbers.pValue)}, q ${scientific(numbers.qValue)}`;
  return (
    `Of ${numbers.n} ${what} with ${where}, ${asserted} ${verb} (${percent(numbers.rate)}, at least ` +
    `${percent(numbers.confidence)}; all: ${percent(numbers.baseline)}; ${significance}), on ${numbers.days} ` +
    `${numbers.days === 1 ? 'day' : 'days'}.`
  );
}

export function describeCondition(condition: Condition): string {
  const { path } = condition;
  switch (condition.op) {
    case 'eq':
      return `${path} = ${spell(condition.value)}`;
    case 'contains':
      return `${path} containing ${spell(condition.value)}`;
    case 'present':
      return describeWindowedPath(path) ?? `${path} present`;
    case 'in_range': {
      const { min, max } = condition;
      if (min === null && max === null) return `${path} a number`;
      if (min === null) return `${path} < ${max}`;
      return max === null ? `${path} ≥ ${min}` : `${min} ≤ ${path} < ${max}`;
    }
  }
}

/** Quotes text that could be read as another type, or as part of the sentence. */
const spell = (value: string | number | boolean): string =>
  typeof value === 'string' && !/^(?!true$|false$)[A-Za-z_][\w./:-]*$/.test(value)
    ? JSON.stringify(value)
    : String(value);

const percent = (share: number): string => {
  const text = (100 * share).toFixed(1);
  return `${text.endsWith('.0') ? text.slice(0, -2) : text} %`;
};

const scientific = (p: number): string => (p < 0.001 ? p.toExponential(1) : String(Number(p.toFixed(3))));

/** Fewest next decisions for which a refutation is stated. */
const FEWEST_NEXT = 10;

/**
 * The outcomes that would refute a pattern. After them, the lower bound of its rate would be at the baseline of
 * today.
 * @param table against all others; see `Comparison`
 */
export function describeRefutation(table: Comparison['table'], asserts: Asserts, wilsonZ: number): string {
  const [[asserted, rest], [otherAsserted, otherRest]] = table;
  const n = asserted + rest;
  const total = n + otherAsserted + otherRest;
  if (n === 0) return 'Nothing yet: its conditions have not held for any resolved decision.';
  const baseline = (asserted + otherAsserted) / total;
  const bound = wilsonLowerBound(asserted, n, wilsonZ);
  if (bound <= baseline)
    return (
      `Not established: the lower bound of its rate, ${percent(bound)}, is not above the baseline of ` +
      `${percent(baseline)}.`
    );
  const refuting = (next: number, good: number): boolean =>
    wilsonLowerBound(asserted + good, n + next, wilsonZ) <= baseline;
  let fewest = 1;
  while (!refuting(fewest, 0)) fewest *= 2;
  const next = Math.max(FEWEST_NEXT, fewest);
  let low = 0;
  let high = next;
  while (low < high) {
    // Finds the largest number that may turn out as asserted and still refute it.
    const middle = (low + high + 1) >>> 1;
    if (refuting(next, middle)) low = middle;
    else high = middle - 1;
  }
  const verb = asserts === 'success' ? 'succeeded' : 'failed';
  const how = low === 0 ? 'none of them' : `fewer than ${low + 1} of them`;
  return (
    `If of its next ${next} decisions ${how} ${verb}, the lower bound of its rate, now ${percent(bound)}, would fall ` +
    `to the baseline of ${percent(baseline)}.`
  );
}
