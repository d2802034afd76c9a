import { progressOf, RUN_TIMEOUT_MS } from './run.ts';
import type { RunLedger } from './run-ledger.ts';

const PAGE = 100;

/**
 * Whether a planner or a worker of some run may be at work: a worker's last write is its result, and a run without all
 * of them after a day has failed. Reads the runs of a day: 1 read unit each.
 */
export async function areRunsUnderWay(ledger: RunLedger, now: Date): Promise<boolean> {
  const since = new Date(now.getTime() - RUN_TIMEOUT_MS).toISOString();
  let after: string | undefined;
  do {
    const { runs, last } = await ledger.list(PAGE, after);
    if (runs.some((run) => progressOf(run, now).finishedAt === null)) return true;
    after = last !== undefined && last >= since ? last : undefined;
  } while (after !== undefined);
  return false;
}
