/** Set bits of a 32-bit word. */
export function popcount(word: number): number {
  word -= (word >>> 1) & 0x55555555;
  word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
  return Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Set bits of `words[from, to)`. */
export function countBits(words: Uint32Array, from = 0, to = words.length): number {
  let count = 0;
  for (let i = from; i < to; i++) count += popcount(words[i]!);
  return count;
}

/**
 * Set bits of `a[from, to) & b[base + from, base + to)`. The miner spends most of its time here. So eight words at a
 * time go through a tree of carry-save adders, and one population count serves all eight.
 * @see Warren, Hacker's Delight, 2nd ed., section 5-1 (Harley–Seal)
 */
export function countCommon(a: Uint32Array, b: Uint32Array, base: number, from: number, to: number): number {
  let eights = 0;
  let [fours, twos, ones] = [0, 0, 0];
  let i = from;
  for (; i + 8 <= to; i += 8) {
    const j = base + i;
    let x = a[i]! & b[j]!;
    let y = a[i + 1]! & b[j + 1]!;
    let odd = ones ^ x;
    let two = (ones & x) | (odd & y);
    ones = odd ^ y;
    x = a[i + 2]! & b[j + 2]!;
    y = a[i + 3]! & b[j + 3]!;
    odd = ones ^ x;
    let twoMore = (ones & x) | (odd & y);
    ones = odd ^ y;
    odd = twos ^ two;
    const four = (twos & two) | (odd & twoMore);
    twos = odd ^ twoMore;
    x = a[i + 4]! & b[j + 4]!;
    y = a[i + 5]! & b[j + 5]!;
    odd = ones ^ x;
    two = (ones & x) | (odd & y);
    ones = odd ^ y;
    x = a[i + 6]! & b[j + 6]!;
    y = a[i + 7]! & b[j + 7]!;
    odd = ones ^ x;
    twoMore = (ones & x) | (odd & y);
    ones = odd ^ y;
    odd = twos ^ two;
    const fourMore = (twos & two) | (odd & twoMore);
    twos = odd ^ twoMore;
    odd = fours ^ four;
    eights += popcount((fours & four) | (odd & fourMore));
    fours = odd ^ fourMore;
  }
  let count = 8 * eights + 4 * popcount(fours) + 2 * popcount(twos) + popcount(ones);
  for (; i < to; i++) count += popcount(a[i]! & b[base + i]!);
  return count;
}

export const setBit = (words: Uint32Array, bit: number): void => {
  words[bit >>> 5]! |= 1 << (bit & 31);
};

export const intersect = (a: Uint32Array, b: Uint32Array): Uint32Array =>
  a.map((word, index) => word & b[index]!);

/** Calls `visit` with each set bit of `words[from, to)`, lowest first. */
export function forEachBit(words: Uint32Array, from: number, to: number, visit: (bit: number) => void): void {
  for (let i = from; i < to; i++) {
    let word = words[i]!;
    while (word !== 0) {
      const lowest = word & -word;
      visit(i * 32 + (31 - Math.clz32(lowest)));
      word ^= lowest;
    }
  }
}
