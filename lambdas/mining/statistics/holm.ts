/**
 * Holm's step-down adjustment, in the order given: an adjusted p at or below a level is significant with the chance of
 * even one false discovery among all of them held to that level, however the tests depend on each other.
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
