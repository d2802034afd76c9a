import { CPU, type Kind } from './kind.ts';
import { reads } from './reads.ts';
import { ends, writes } from './writes.ts';

/** Writes first, so that reads find what was written; sessions end last. */
export const mix: readonly Kind[] = [...writes, ...reads, ...ends];

/** What reads the whole window of decisions: measured on the replay's few, and multiplied up to what is kept. */
export const reports = {
  name: 'success rate of 30 days',
  count: 90,
  gigabytes: CPU,
  path: '/success-rate?windowDays=30',
};
