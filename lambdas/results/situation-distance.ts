import { orderStatistics } from '../mining/statistics/order-statistics.ts';
import type { Features, FeatureValue } from '../mining/types.ts';
import type { Scalar } from '../mining/vocabulary.ts';

/** For each path the unit of differences: how far apart its numbers usually lie. */
export type Scales = ReadonlyMap<string, number>;

/** A difference of this many scales has the largest distance, and so has every larger one. */
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

/** Share of the values in either set that are not in both (Jaccard, 1901). */
function setDistance(one: readonly Scalar[], other: readonly Scalar[]): number {
  const common = one.filter((value) => other.includes(value)).length;
  return 1 - common / (one.length + other.length - common);
}

/** From 0, the same, to 1. A value that is absent, or of another type, has distance 1. */
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
 * Weighted mean of the distances of the asked features, 0 to 1: Gower's general coefficient with a robust range, so that
 * one outlier does not make all others alike. Other features of a case play no part.
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
