import type { CaseTable } from '../cases/case-table.ts';
import type { FeatureTable } from '../cases/feature-table.ts';
import type { Bitmaps } from './feature-rows.ts';

/** Mark of a conjunction that was not counted, because its parts are already too rare. Every count begins as this. */
export const NOT_COUNTED = 0xffff_ffff;

/**
 * Cases and successes of the conjunctions of two and three features: plain numbers in shared memory, so that several
 * threads can count. A chunk is the conjunctions whose first feature is on one path. Each chunk has places of its own to
 * write to, and counting it twice writes the same numbers.
 */
export interface ConjunctionCounts extends Bitmaps {
  /** Rarer conjunctions are not extended to larger ones. */
  readonly minOccurrences: number;
  /** By feature: cases and successes of the feature alone. */
  readonly n: Uint32Array;
  readonly successes: Uint32Array;
  /** By feature: the first feature of its path. */
  readonly pathStart: Uint16Array;
  /** By feature: 1 where a case may have several features of this path. */
  readonly isElement: Uint8Array;
  /** By feature: 1 for the last one of a path whose features divide all cases among them. */
  readonly isRest: Uint8Array;
  /** By pair, at `i * features + j` with i < j. */
  readonly pairN: Uint32Array;
  readonly pairSuccesses: Uint32Array;
  /** Features in conjunctions of three, ascending; empty when none are asked for. */
  readonly among: Uint16Array;
  /** By triple of `among`, at `tripleIndex`. */
  readonly tripleN: Uint32Array;
  readonly tripleSuccesses: Uint32Array;
  /** Chunk c covers the features from `chunkStarts[c]` to `chunkStarts[c + 1]`. */
  readonly chunkStarts: Uint16Array;
}

const choose2 = (n: number): number => (n * (n - 1)) / 2;
const choose3 = (n: number): number => (n * (n - 1) * (n - 2)) / 6;

/** Place of the triple at positions a < b < c among `size` features. The next c is at the next place. */
export const tripleIndex = (size: number, a: number, b: number, c: number): number =>
  choose3(size) - choose3(size - a) + choose2(size - a - 1) - choose2(size - b) + (c - b - 1);

/** @param among features in conjunctions of three, ascending */
export function prepareCounts(
  { features, bits }: FeatureTable,
  table: CaseTable,
  minOccurrences: number,
  among: readonly number[],
): ConjunctionCounts {
  const size = features.length;
  const pathStart = sharedUint16(size);
  const isElement = sharedUint8(size);
  const isRest = sharedUint8(size);
  const starts: number[] = [];
  features.forEach(({ condition }, i) => {
    const follows = i > 0 && features[i - 1]!.condition.path === condition.path;
    if (!follows) starts.push(i);
    pathStart[i] = starts.at(-1)!;
    isElement[i] = Number(condition.op === 'contains');
  });
  const chunkStarts = sharedUint16(starts.length + 1);
  chunkStarts.set([...starts, size]);
  starts.forEach((start, chunk) => {
    const ofPath = features.slice(start, chunkStarts[chunk + 1]);
    const exclusive = ofPath.every(({ condition: { op } }) => op === 'eq' || op === 'in_range');
    const covered = ofPath.reduce((sum, { n }) => sum + n, 0);
    if (exclusive && covered === table.count) isRest[start + ofPath.length - 1] = 1;
  });
  const counts: ConjunctionCounts = {
    words: table.words,
    successWords: table.successWords,
    minOccurrences,
    bits,
    n: sharedUint32(size),
    successes: sharedUint32(size),
    pathStart,
    isElement,
    isRest,
    pairN: sharedUint32(size ** 2).fill(NOT_COUNTED),
    pairSuccesses: sharedUint32(size ** 2),
    among: sharedUint16(among.length),
    tripleN: sharedUint32(choose3(among.length)).fill(NOT_COUNTED),
    tripleSuccesses: sharedUint32(choose3(among.length)),
    chunkStarts,
  };
  counts.n.set(features.map(({ n }) => n));
  counts.successes.set(features.map(({ successes }) => successes));
  counts.among.set(among);
  return counts;
}

const sharedUint32 = (length: number) => new Uint32Array(new SharedArrayBuffer(4 * length));
const sharedUint16 = (length: number) => new Uint16Array(new SharedArrayBuffer(2 * length));
const sharedUint8 = (length: number) => new Uint8Array(new SharedArrayBuffer(length));
