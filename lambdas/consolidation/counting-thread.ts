/** A thread that helps to count; started by `countOnThreads`, and bundled as a file of its own. */
import { workerData } from 'node:worker_threads';
import { shareCounting } from './counting-work.ts';
import type { ConjunctionCounts } from '../mining/search/conjunction-counts.ts';

export interface CountingTask {
  readonly counts: ConjunctionCounts;
  readonly progress: Int32Array;
}

const { counts, progress } = workerData as CountingTask;
shareCounting(counts, progress, false);
