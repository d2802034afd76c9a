import { Worker } from 'node:worker_threads';
import type { CountingTask } from './counting-thread.ts';
import { progressOf, shareCounting } from './counting-work.ts';
import { countHere } from '../mining/search/chunk-counter.ts';
import type { ConjunctionCounts } from '../mining/search/conjunction-counts.ts';
import type { Count } from '../mining/search/search.ts';

/** Word operations below which a thread's start (30 to 50 ms) is not worth it: about 0.2 s of one core. */
const WORTH_A_THREAD = 200_000_000;

export interface CountingThreadsOptions {
  /** counting-thread as this runtime can load it. */
  readonly file: URL;
  /** Threads that count, the calling one among them. */
  readonly threads: number;
  /** A thread that failed; its share is counted all the same. */
  readonly onFailure: (error: Error) => void;
  /** @default 200 million: least number of words that would have to be looked at, for threads to be started */
  readonly worth?: number;
}

/** Words to look at when nothing is too rare and nothing follows from the rest: what counting takes at most. */
const workOf = ({ words, n, tripleN }: ConjunctionCounts): number =>
  words * (n.length ** 2 / 2 + tripleN.length);

/**
 * Counts on several threads, over memory they share; the numbers are those of one thread. Blocks the calling thread,
 * which counts as well: threads that start late, or not at all, find less to do or nothing.
 */
export function countOnThreads(options: CountingThreadsOptions): Count {
  const { file, threads, onFailure, worth = WORTH_A_THREAD } = options;
  return (counts) => {
    if (threads < 2 || workOf(counts) < worth) return countHere(counts);
    const workerData: CountingTask = { counts, progress: progressOf(counts) };
    // They end by themselves when no chunk is left, and nothing waits for that.
    for (let i = 1; i < threads; i++) new Worker(file, { workerData }).on('error', onFailure).unref();
    shareCounting(counts, workerData.progress, true);
  };
}
