import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Context } from 'aws-lambda';
import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod';
import { archiveEnvironment, archiveStore } from '../archive/archive-location.ts';
import type { OpenStore } from '../archive/object-store.ts';
import { MINUTE_MS } from '../shared/platform/clock.ts';
import { readEnvironment, resourceName } from '../shared/platform/env.ts';
import { createRuntime, type Runtime, openTables } from '../shared/platform/runtime.ts';
import { ErasedMarks } from '../shared/erased-marks.ts';
import { Erasing } from './erasure-job.ts';
import { ErasureLedger } from './erasure-ledger.ts';
import { ErasureSteps, type ErasureTables } from './erasure-steps.ts';

const environment = {
  DECISIONS_TABLE: resourceName,
  MEMORY_TABLE: resourceName,
  STATE_TABLE: resourceName,
  SIGNALS_TABLE: resourceName,
  ...archiveEnvironment,
};

const eraserInput = z.object({ erasureId: z.string() });

/** What is left of an invocation when it stops: time enough to end the step it is in. */
const MARGIN_MS = 2 * MINUTE_MS;

/**
 * One erasure. What does not fit one invocation goes on in the next, which this one starts; what throws is tried
 * again by Lambda, twice, and then reads as FAILED.
 */
export function createEraserHandler(
  runtime: Pick<Runtime, 'table' | 'deadline' | 'clock' | 'logger'>,
  env: ErasureTables,
  openStore: OpenStore,
  lambda: Pick<LambdaClient, 'send'>,
  sleep: (milliseconds: number) => Promise<void> = wait,
): (event: unknown, context: Context) => Promise<void> {
  const { clock, logger } = runtime;
  const tables = openTables(runtime, env);
  const ledger = new ErasureLedger(tables.state);
  const marks = new ErasedMarks(tables.state);
  const steps = new ErasureSteps(tables, env, openStore);
  const erasing = new Erasing({ ledger, marks, steps }, clock, sleep);
  return async (event, context) => {
    logger.addContext(context);
    runtime.deadline.start(context.getRemainingTimeInMillis());
    const { erasureId } = eraserInput.parse(event);
    const until = new Date(clock().getTime() + context.getRemainingTimeInMillis() - MARGIN_MS);
    const result = await erasing.run(erasureId, until);
    logger.info('erasing', { erasureId, result });
    if (result === 'out of time')
      await lambda.send(
        new InvokeCommand({
          FunctionName: context.functionName,
          InvocationType: 'Event',
          Payload: Buffer.from(JSON.stringify({ erasureId })),
        }),
      );
  };
}

const env = readEnvironment(environment);
export const handler = createEraserHandler(
  createRuntime('eraser'),
  env,
  archiveStore(env),
  new LambdaClient({}),
);
