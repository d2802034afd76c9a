import { ChunkCounter } from '../mining/search/chunk-counter.ts';
import type { ConjunctionCounts } from '../mining/search/conjunction-counts.ts';

/** How long a thread waits for another's chunk before it counts it itself: chunks take a fraction of this. */
const PATIENCE_MS = 3_000;

const stages = ['pairs', 'triples'] as const;

/** What threads tell each other, all zero at first: for each stage the next chunk to take, then 1 for each counted. */
export const progressOf = ({ chunkStarts }: ConjunctionCounts): Int32Array =>
  new Int32Array(new SharedArrayBuffer(4 * stages.length * chunkStarts.length));

/**
 * Takes chunks until none is left. The triples need all pairs, and the caller all triples: what others took is waited
 * for. A thread that died, or never began, costs time and nothing else: a chunk that is not ready in time is counted
 * here, and counting twice writes the same numbers. Blocks.
 * @param waitsAtEnd returns only when everything is counted
 */
export function shareCounting(counts: ConjunctionCounts, progress: Int32Array, waitsAtEnd: boolean): void {
  const counter = new ChunkCounter(counts);
  const chunks = counts.chunkStarts.length - 1;
  stages.forEach((stage, s) => {
    const next = s * (chunks + 1);
    const count = (chunk: number): void => {
      counter[stage](chunk);
      Atomics.store(progress, next + 1 + chunk, 1);
      Atomics.notify(progress, next + 1 + chunk);
    };
    for (;;) {
      const chunk = Atomics.add(progress, next, 1);
      if (chunk >= chunks) break;
      count(chunk);
    }
    if (stage === 'triples' && !waitsAtEnd) return;
    for (let chunk = 0; chunk < chunks; chunk++)
      if (Atomics.wait(progress, next + 1 + chunk, 0, PATIENCE_MS) === 'timed-out') count(chunk);
  });
}
