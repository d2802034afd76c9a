import { SMALLEST_P_VALUE } from '../../mining/settings.ts';
import type { Finding } from '../../mining/types.ts';

/** Bounds within those of DynamoDB, whose numbers end at 1e-130 and 9.99e125. */
const LARGEST = 1e125;
const SMALLEST = 1e-125;

const pValue = (p: number): number => Math.max(p, SMALLEST_P_VALUE);
const isStorable = (x: number): boolean => Number.isFinite(x) && Math.abs(x) <= LARGEST;
const underflow = (x: number): number => (Math.abs(x) < SMALLEST ? 0 : x);

/**
 * A finding whose numbers all fit DynamoDB. P-values end at 1e-100. A metric whose mean or deviation overflows is left
 * out. A number too close to 0 becomes 0.
 */
export function storableFinding(finding: Finding): Finding {
  const { numbers, explain } = finding;
  const metrics = Object.entries(numbers.metrics)
    .filter(([, { mean, sd }]) => isStorable(mean) && isStorable(sd))
    .map(([name, { mean, sd }]) => [name, { mean: underflow(mean), sd: underflow(sd) }] as const);
  return {
    ...finding,
    numbers: {
      ...numbers,
      pValue: pValue(numbers.pValue),
      qValue: numbers.qValue === null ? null : pValue(numbers.qValue),
      metrics: Object.fromEntries(metrics),
    },
    explain: {
      ...explain,
      comparisons: explain.comparisons.map((comparison) => ({
        ...comparison,
        pValue: pValue(comparison.pValue),
      })),
    },
  };
}
