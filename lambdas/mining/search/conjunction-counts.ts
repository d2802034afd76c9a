import type { CaseTable } from '../cases/case-table.ts';
import type { FeatureTable } from '../cases/feature-table.ts';
import type { Bitmaps } from './feature-rows.ts';

/** Mark of a conjunction that was not counted, because its parts are already too rare. Every count begins as this. */
export const NOT_COUNTED = 0xffff_ffff;

/** Cases and successes of the conjunctions of two and three features, as plain numbers. */
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
  const pathStart = new Uint16Array(size);
  const isElement = new Uint8Array(size);
  const isRest = new Uint8Array(size);
  const starts: number[] = [];
  features.forEach(({ condition }, i) => {
    const follows = i > 0 && features[i - 1]!.condition.path === condition.path;
    if (!follows) starts.push(i);
    pathStart[i] = starts.at(-1)!;
    isElement[i] = Number(condition.op === 'contains');
  });
  starts.forEach((start, path) => {
    const ofPath = features.slice(start, starts[path + 1]);
    const exclusive = ofPath.every(({ condition: { op } }) => op === 'eq' || op === 'in_range');
    const covered = ofPath.reduce((sum, { n }) => sum + n, 0);
    if (exclusive && covered === table.count) isRest[start + ofPath.length - 1] = 1;
  });
  return {
    words: table.words,
    successWords: table.successWords,
    minOccurrences,
    bits,
    n: Uint32Array.from(features, ({ n }) => n),
    successes: Uint32Array.from(features, ({ successes }) => successes),
    pathStart,
    isElement,
    isRest,
    pairN: new Uint32Array(size ** 2).fill(NOT_COUNTED),
    pairSuccesses: new Uint32Array(size ** 2),
    among: Uint16Array.from(among),
    tripleN: new Uint32Array(choose3(among.length)).fill(NOT_COUNTED),
    tripleSuccesses: new Uint32Array(choose3(among.length)),
  };
}
