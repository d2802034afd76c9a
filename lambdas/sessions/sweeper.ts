import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { readEnvironment, resourceName } from '../shared/platform/env.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { SessionEnding } from './session-ending.ts';
import { SessionReader } from './session-reader.ts';
import { SessionSweep, type SweepReport } from './session-sweep.ts';
import { type SessionSettings, sessionSettings } from './settings.ts';
import { ExtractiveSummarizer } from './summarizer.ts';

export interface SweeperEnvironment {
  readonly STATE_TABLE: string;
  readonly SESSION_SETTINGS: SessionSettings;
}

export type SweeperHandler = (event: unknown, context: Context) => Promise<SweepReport>;

/** What a session takes at most, final summary and all: no new one is begun when less time is left. */
const TIME_FOR_ONE_MS = 30_000;

/** Every 15 minutes: the sessions that nobody ended get their record. */
export function createSweeperHandler(
  { documents, clock, logger, tracer }: Omit<Runtime, 'randomPart' | 'metrics'>,
  env: SweeperEnvironment,
): SweeperHandler {
  const { hotWindow, summaryBytes } = env.SESSION_SETTINGS;
  const table = env.STATE_TABLE;
  const ending = new SessionEnding({
    documents,
    table,
    clock,
    reader: new SessionReader(documents, table, clock, hotWindow),
    summarizer: new ExtractiveSummarizer(summaryBytes),
  });
  const sweep = new SessionSweep(documents, table, clock, ending);
  return middy<unknown, SweepReport>(async (_event: unknown, context: Context) => {
    const report = await sweep.sweep(
      () => context.getRemainingTimeInMillis() < TIME_FOR_ONE_MS,
      (error, session) => logger.error('not ended', { session, error }),
    );
    logger.info('swept', { ...report });
    // All of them failing is not a session's fault: let it be seen, and be tried again.
    if (report.failed > 0 && report.failed === report.due)
      throw new Error(`none of ${report.due} sessions could be dealt with`);
    return report;
  })
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use(captureLambdaHandler(tracer, { captureResponse: false })) as unknown as SweeperHandler;
}

export const handler = createSweeperHandler(
  createRuntime('sweeper'),
  readEnvironment({ STATE_TABLE: resourceName, SESSION_SETTINGS: sessionSettings }),
);
