/**
 * Holm's step-down adjustment; results are in the order given. Take as significant what is at or below a level.
 * Then the chance of even one false discovery among all tests is at most that level, however the tests depend on
 * each other.
 * @see Holm (1979), Scandinavian Journal of Statistics 6:65–70
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, index) => index).sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, pValues[index]! * (pValues.length - rank)));
    adjusted[index] = largest;
  });
  return adjusted;
}

/**
 * Benjamini–Hochberg q-values, in the order given: the smallest false discovery rate at which each p would pass.
 * @param tests number of all tests; those that are not listed had p = 1
 * @see Benjamini & Hochberg (1995), JRSS B 57:289–300
 */
export function benjaminiHochberg(pValues: ArrayLike<number>, tests = pValues.length): Float64Array {
  const order = Uint32Array.from({ length: pValues.length }, (_, i) => i).sort(
    (a, b) => pValues[a]! - pValues[b]!,
  );
  const q = new Float64Array(pValues.length);
  let least = 1;
  for (let rank = order.length; rank > 0; rank--) {
    const index = order[rank - 1]!;
    least = Math.min(least, pValues[index]! * (tests / rank));
    q[index] = least;
  }
  return q;
}
