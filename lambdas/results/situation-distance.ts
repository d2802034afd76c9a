import { orderStatistics } from '../mining/statistics/order-statistics.ts';
import type { Features, FeatureValue } from '../mining/types.ts';
import type { Scalar } from '../mining/vocabulary.ts';

/** How far apart numbers of a path usually lie: what a difference is measured in. */
export type Scales = ReadonlyMap<string, number>;

/** Differences of so many scales, and more, are as far as can be. */
const FAR = 2;

/**
 * For each path the interquartile range of its numbers, the whole range where that is 0; absent where all numbers are
 * the same.
 */
export function scalesOf(paths: Iterable<string>, cases: readonly Features[]): Scales {
  const scales = new Map<string, number>();
  for (const path of paths) {
    const numbers = Float64Array.from(
      cases.flatMap((features) => {
        const feature = features.get(path);
        return feature?.kind === 'value' && typeof feature.value === 'number' ? [feature.value] : [];
      }),
    );
    const last = numbers.length - 1;
    if (last < 1) continue;
    const ranks = [0, Math.floor(last / 4), Math.ceil((3 * last) / 4), last];
    const [least, lower, upper, most] = orderStatistics(numbers, ranks);
    const scale = upper! - lower! || most! - least!;
    if (scale > 0) scales.set(path, scale);
  }
  return scales;
}

/** Share of what is in either set that is not in both (Jaccard, 1901). */
function setDistance(one: readonly Scalar[], other: readonly Scalar[]): number {
  const common = one.filter((value) => other.includes(value)).length;
  return 1 - common / (one.length + other.length - common);
}

/** From 0, the same, to 1; what is not there, or of another type, is as far as can be. */
export function featureDistance(
  asked: FeatureValue,
  found: FeatureValue | undefined,
  scale: number | undefined,
): number {
  if (asked.kind === 'set' && found?.kind === 'set') return setDistance(asked.values, found.values);
  if (asked.kind !== 'value' || found?.kind !== 'value') return 1;
  if (asked.value === found.value) return 0;
  if (typeof asked.value !== 'number' || typeof found.value !== 'number' || scale === undefined) return 1;
  return Math.min(1, Math.abs(asked.value - found.value) / (FAR * scale));
}

/**
 * Weighted mean of the distances of what is asked for, 0 to 1: Gower's general coefficient with a robust range, so
 * that one outlier does not make all else alike. What a case has beside that plays no part.
 * @see Gower (1971), Biometrics 27:857–871
 */
export function situationDistance(
  asked: Features,
  found: Features,
  scales: Scales,
  weightOf: (path: string) => number,
): number {
  let sum = 0;
  let weights = 0;
  for (const [path, feature] of asked) {
    const weight = weightOf(path);
    sum += weight * featureDistance(feature, found.get(path), scales.get(path));
    weights += weight;
  }
  return weights === 0 ? 0 : sum / weights;
}
