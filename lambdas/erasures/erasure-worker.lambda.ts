import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Context } from 'aws-lambda';
import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod';
import { archiveEnvironment, archiveStore } from '../archive/archive-location.ts';
import type { OpenStore } from '../archive/object-store.ts';
import { meterCapacity } from '../shared/dynamodb/capacity-meter.ts';
import { MINUTE_MS } from '../shared/platform/clock.ts';
import { type EnvironmentOf, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { ErasedMarks } from '../shared/erased-marks.ts';
import { ErasureJob } from './erasure-job.ts';
import { ErasureLedger } from './erasure-ledger.ts';
import { ErasureSteps } from './erasure-steps.ts';
import { WritePace } from './write-pace.ts';

const environment = {
  DECISIONS_TABLE: resourceName,
  MEMORY_TABLE: resourceName,
  STATE_TABLE: resourceName,
  SIGNALS_TABLE: resourceName,
};

const workerInput = z.object({ erasureId: z.string() });

/** Time left of an invocation when it stops: enough to finish its current step. */
const MARGIN_MS = 2 * MINUTE_MS;

/**
 * Works on one erasure. An invocation that runs out of time starts the next one. One that throws is retried by Lambda
 * twice; after that the erasure reads as FAILED.
 */
export function createErasureWorkerHandler(
  runtime: Pick<Runtime, 'documents' | 'documents' | 'deadline' | 'clock' | 'logger'>,
  env: EnvironmentOf<typeof environment>,
  openStore: OpenStore,
  lambda: Pick<LambdaClient, 'send'>,
  sleep: (milliseconds: number) => Promise<void> = wait,
  pace = new WritePace(),
): (event: unknown, context: Context) => Promise<void> {
  const { clock, documents, logger } = runtime;
  const consumed = meterCapacity(documents);
  const tables = openTables(runtime, env);
  const ledger = new ErasureLedger(tables.state);
  const marks = new ErasedMarks(tables.state);
  const steps = new ErasureSteps(tables, env, openStore);
  const job = new ErasureJob({ ledger, marks, steps, clock, sleep, pace, consumed });
  return async (event, context) => {
    logger.addContext(context);
    const remainingMs = context.getRemainingTimeInMillis();
    runtime.deadline.start(remainingMs);
    const { erasureId } = workerInput.parse(event);
    const until = new Date(clock().getTime() + remainingMs - MARGIN_MS);
    const result = await job.run(erasureId, until);
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

const env = readEnvironment({ ...environment, ...archiveEnvironment });
export const handler = createErasureWorkerHandler(
  createRuntime('eraser'),
  env,
  archiveStore(env),
  new LambdaClient({}),
);
