/**
 * The items that sorting would put at the given ranks, which are ascending. It rearranges `values` in a few passes;
 * sorting a million takes twenty. The pivot is the middle of three, so sorted values and repeated ones stay fast too.
 * @see Hoare (1961), Algorithm 65: Find, Communications of the ACM 4:321–322
 */
export function orderStatistics(values: Float64Array, ranks: readonly number[]): number[] {
  let from = 0;
  return ranks.map((rank) => {
    find(values, rank, from);
    from = rank;
    return values[rank]!;
  });
}

/** Puts the item of this rank in its place, with nothing larger before it and nothing smaller after it. */
function find(values: Float64Array, rank: number, from: number): void {
  let left = from;
  let right = values.length - 1;
  while (left < right) {
    const pivot = middleOf(values[left]!, values[(left + right) >>> 1]!, values[right]!);
    let i = left;
    let j = right;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const item = values[i]!;
      values[i++] = values[j]!;
      values[j--] = item;
    }
    if (rank <= j) right = j;
    else if (rank >= i) left = i;
    else return;
  }
}

const middleOf = (a: number, b: number, c: number): number =>
  Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
