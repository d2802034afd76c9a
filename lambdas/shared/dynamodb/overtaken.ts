import { setTimeout as sleep } from 'node:timers/promises';
import { ThrottledError } from '../errors.ts';

/** One writer wins each round: as many rounds as writers of one item that anybody would have. */
const ATTEMPTS = 40;
const FIRST_PAUSE_MS = 5;
/** All pauses together are 4 s at most, and half of that on average. */
const LONGEST_PAUSE_MS = 100;

/**
 * Reads, decides and writes on condition that nothing changed in between; again while another writer was faster.
 *
 * @param attempt answers undefined when it was overtaken
 * @throws ThrottledError when it was overtaken every time
 */
export async function untilNotOvertaken<Answer>(attempt: () => Promise<Answer | undefined>): Promise<Answer> {
  for (let attempts = 1; attempts <= ATTEMPTS; attempts++) {
    const answer = await attempt();
    if (answer !== undefined) return answer;
    await sleep(Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempts));
  }
  throw new ThrottledError('Too many writers of one item at once; slow down and retry');
}
