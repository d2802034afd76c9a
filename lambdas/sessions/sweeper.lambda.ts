import type { Context } from 'aws-lambda';
import { memoryCategories } from '../memories/categories.ts';
import { type BackgroundHandler, createBackgroundHandler } from '../shared/platform/background-handler.ts';
import { readEnvironment, resourceName } from '../shared/platform/env.ts';
import { createRuntime, type Runtime, openTables } from '../shared/platform/runtime.ts';
import { createEnding, type EndingEnvironment } from './compose.ts';
import { SessionSweep, type SweepReport } from './session-sweep.ts';
import { sessionSettings } from './settings.ts';

export type SweeperHandler = BackgroundHandler<unknown, SweepReport>;

/** What a session takes at most, final summary and all: no new one is begun when less time is left. */
const TIME_FOR_ONE_MS = 30_000;

/** Every 15 minutes: the sessions that nobody ended get their record. */
export function createSweeperHandler(
  runtime: Omit<Runtime, 'metrics'>,
  env: EndingEnvironment,
): SweeperHandler {
  const { ending, offers } = createEnding(runtime, env);
  const sweep = new SessionSweep(openTables(runtime, env).state, { ending, offers });
  const { logger } = runtime;
  return createBackgroundHandler(runtime, async (_event: unknown, context: Context) => {
    const report = await sweep.sweep(
      () => context.getRemainingTimeInMillis() < TIME_FOR_ONE_MS,
      (error, session) => logger.error('not ended', { session, error }),
    );
    logger.info('swept', { ...report });
    // All of them failing is not a session's fault: let it be seen, and be tried again.
    if (report.failed > 0 && report.failed === report.due)
      throw new Error(`none of ${report.due} sessions could be dealt with`);
    return report;
  });
}

export const handler = createSweeperHandler(
  createRuntime('sweeper'),
  readEnvironment({
    STATE_TABLE: resourceName,
    MEMORY_TABLE: resourceName,
    MEMORY_CATEGORIES: memoryCategories,
    SESSION_SETTINGS: sessionSettings,
  }),
);
