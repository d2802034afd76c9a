/** Wilson score interval of a share. @see Wilson (1927), JASA 22:209–212 @param z normal quantile, 1.96 for 95 % */
export const wilsonInterval = (count: number, n: number, z = 1.96): readonly [number, number] =>
  // The share of the others has the mirror image of this interval.
  [wilsonLowerBound(count, n, z), 1 - wilsonLowerBound(n - count, n, z)];

/** The lower end of the interval alone: the miner asks for it millions of times. */
export function wilsonLowerBound(count: number, n: number, z = 1.96): number {
  // The bound is exactly 0 here; rounding would leave 1e-17.
  if (n === 0 || count === 0) return 0;
  const share = count / n;
  const z2 = z * z;
  const scale = 1 + z2 / n;
  const centre = (share + z2 / (2 * n)) / scale;
  const half = (z * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n))) / scale;
  return Math.max(0, centre - half);
}
