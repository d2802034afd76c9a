import type { Context } from 'aws-lambda';
import { AgentRegistry } from '../agents/agent-registry.ts';
import { type BackgroundHandler, createBackgroundHandler } from '../shared/platform/background-handler.ts';
import { readEnvironment } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { composeEnding, type EndingEnvironment, endingEnvironment } from './compose.ts';
import { SessionSweep, type SweepReport } from './session-sweep.ts';

export type SweeperHandler = BackgroundHandler<unknown, SweepReport>;

/** The most time a session takes, final summary included: no new one is begun with less time left. */
const TIME_FOR_ONE_MS = 30_000;

/** Every 15 minutes: the sessions that expired without an end get their record. */
export function createSweeperHandler(
  runtime: Omit<Runtime, 'metrics'>,
  env: EndingEnvironment,
): SweeperHandler {
  const tables = openTables(runtime, env);
  const { ending, offers } = composeEnding(runtime, tables, new AgentRegistry(tables.state), env);
  const sweep = new SessionSweep(tables.state, ending, offers);
  const { logger } = runtime;
  return createBackgroundHandler(runtime, async (_event: unknown, context: Context) => {
    const report = await sweep.sweep(
      () => context.getRemainingTimeInMillis() < TIME_FOR_ONE_MS,
      (error, session) => logger.error('not ended', { session, error }),
    );
    logger.info('swept', { ...report });
    // When all of them fail, no session is at fault: throwing raises the alarm and brings another try.
    if (report.failed > 0 && report.failed === report.due)
      throw new Error(`none of ${report.due} sessions could be dealt with`);
    return report;
  });
}

export const handler = createSweeperHandler(createRuntime('sweeper'), readEnvironment(endingEnvironment));
