import type { Context } from 'aws-lambda';
import { AgentRegistry } from '../agents/agent-registry.ts';
import { type BackgroundHandler, createBackgroundHandler } from '../shared/platform/background-handler.ts';
import { MINUTE_MS } from '../shared/platform/clock.ts';
import { type EnvironmentOf, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import type { Broadcasts } from '../signals/broadcasts.ts';
import { composeBroadcasts } from '../signals/compose.ts';
import { composeEnding, endingEnvironment } from './compose.ts';
import { SessionSweep, type SweepReport } from './session-sweep.ts';

export type SweeperHandler = BackgroundHandler<unknown, SweepReport>;

const environment = { ...endingEnvironment, SIGNALS_TABLE: resourceName };
export type SweeperEnvironment = EnvironmentOf<typeof environment>;

/** The most time a session takes, final summary included: no new one is begun with less time left. */
const TIME_FOR_ONE_MS = 30_000;
/** Time of the function that broadcasts leave to the sessions. */
const TIME_FOR_SESSIONS_MS = 2.5 * MINUTE_MS;

/**
 * Every 15 minutes: the broadcasts that their publisher left unfinished reach the rest of their subscribers, and the
 * sessions that expired without an end get their record. Both wait in the state table for a sweep.
 */
export function createSweeperHandler(
  runtime: Omit<Runtime, 'metrics'>,
  env: SweeperEnvironment,
): SweeperHandler {
  const tables = openTables(runtime, env);
  const registry = new AgentRegistry(tables.state);
  const { ending, offers } = composeEnding(runtime, tables, registry, env);
  const sweep = new SessionSweep(tables.state, ending, offers);
  const broadcasts = composeBroadcasts(tables, registry);
  const { logger } = runtime;
  return createBackgroundHandler(runtime, async (_event: unknown, context: Context) => {
    const undelivered = await sweepBroadcasts(broadcasts, logger, context);
    const report = await sweep.sweep(
      () => context.getRemainingTimeInMillis() < TIME_FOR_ONE_MS,
      (error, session) => logger.error('not ended', { session, error }),
    );
    logger.info('swept', { ...report });
    // When all of them fail, no session is at fault: throwing raises the alarm and brings another try.
    if (report.failed > 0 && report.failed === report.due)
      throw new Error(`none of ${report.due} sessions could be dealt with`);
    if (undelivered > 0) throw new Error(`${undelivered} broadcasts could not be delivered`);
    return report;
  });
}

/** @returns how many failed; sessions are swept nevertheless */
async function sweepBroadcasts(
  broadcasts: Broadcasts,
  logger: Runtime['logger'],
  context: Context,
): Promise<number> {
  try {
    const report = await broadcasts.sweep(
      () => context.getRemainingTimeInMillis() < TIME_FOR_SESSIONS_MS,
      (error, signalId) => logger.error('not delivered', { signalId, error }),
    );
    if (report.due > 0) logger.info('broadcasts swept', { ...report });
    return report.failed;
  } catch (error) {
    logger.error('broadcasts not swept', { error: error as Error });
    return 1;
  }
}

export const handler = createSweeperHandler(createRuntime('sweeper'), readEnvironment(environment));
