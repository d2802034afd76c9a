import { stemOf } from '../../shared/text/terms.ts';
import { comparedWordsOf, hasDigit, isComparisonStopWord, isNegation } from '../../shared/text/words.ts';
import type { Memory } from '../memory.ts';
import { compressTo } from './compression.ts';

/** The parts of a memory's text by which two of them are compared. */
export interface Facts {
  /** Two memories that differ in it are never the same: kind, outcome, whose it is, numbers, negations. */
  readonly block: string;
  /** Stems of the other words. */
  readonly stems: ReadonlySet<string>;
  /** Neighbouring stems: the order of the words. */
  readonly pairs: ReadonlySet<string>;
}

/**
 * Taken from the essential form, so that a memory has the same facts before and after it is brought into that form.
 * Numbers, dates, amounts and ids that differ are never near each other, so they are compared whole.
 */
export function factsOf(memory: Memory): Facts {
  const exact = new Set<string>();
  const stems: string[] = [];
  for (const word of comparedWordsOf(compressTo(memory, 'essential').text)) {
    if (hasDigit(word) || isNegation(word)) exact.add(word);
    else if (!isComparisonStopWord(word)) stems.push(stemOf(word));
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
