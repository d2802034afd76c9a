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
