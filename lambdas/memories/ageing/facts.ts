import { stemmer } from 'stemmer';
import type { Memory } from '../memory.ts';
import { compressTo } from './compression.ts';
import { hasDigit, isStopWord, wordsOf } from './words.ts';

/** Words that turn a statement around: they are facts like numbers, however short. */
const NEGATION = /^(?:no|not|never|none|without|neither|nor|cannot|\p{L}+n't)$/u;
/** What a memory says, as far as two of them are compared by. */
export interface Facts {
  /** Two memories that differ in it are never the same: kind, outcome, whose it is, numbers, negations. */
  readonly block: string;
  /** Stems of the other words. */
  readonly stems: ReadonlySet<string>;
  /** Neighbouring stems: the order of the words. */
  readonly pairs: ReadonlySet<string>;
}

/**
 * Of what the essential form says, so that a memory says the same before and after it was brought into that. Numbers,
 * dates, amounts and ids are not near each other when they differ, so they are compared whole.
 */
export function factsOf(memory: Memory): Facts {
  const exact = new Set<string>();
  const stems: string[] = [];
  for (const word of wordsOf(compressTo(memory, 'essential').text)) {
    if (hasDigit(word) || NEGATION.test(word)) exact.add(word);
    else if (!isStopWord(word)) stems.push(stemmer(word));
  }
  const { memoryType, category, outcome, provenance } = memory;
  return {
    block: JSON.stringify([memoryType, category, outcome?.status, provenance?.userId, [...exact].sort()]),
    stems: new Set(stems),
    pairs: new Set(stems.slice(1).map((stem, i) => `${stems[i]} ${stem}`)),
  };
}

function shared(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const [few, many] = a.size < b.size ? [a, b] : [b, a];
  let count = 0;
  for (const item of few) if (many.has(item)) count++;
  return count;
}

/** Cosine of two sets: what they share over the geometric mean of their sizes; 1 for two empty ones. */
export const setCosine = (a: ReadonlySet<string>, b: ReadonlySet<string>): number =>
  a.size === 0 && b.size === 0
    ? 1
    : a.size === 0 || b.size === 0
      ? 0
      : shared(a, b) / Math.sqrt(a.size * b.size);
