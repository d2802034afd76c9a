import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod';
import { createHttpHandler } from '../shared/http/handler.ts';
import { authMode, type EnvironmentOf, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { erasureRoutes } from './contract.ts';
import { ErasureLedger } from './erasure-ledger.ts';
import { ErasureService } from './erasure-service.ts';

const environment = {
  AUTH_MODE: authMode,
  STATE_TABLE: resourceName,
  ERASER_FUNCTION_NAME: resourceName,
  LOG_RETENTION_DAYS: z.coerce.number().int().min(1),
};

export function createErasuresHandler(
  runtime: Runtime,
  env: EnvironmentOf<typeof environment>,
  lambda: Pick<LambdaClient, 'send'>,
) {
  const { clock, randomPart, logger } = runtime;
  const tables = openTables(runtime, env);
  const start = async (erasureId: string): Promise<void> => {
    await lambda.send(
      new InvokeCommand({
        FunctionName: env.ERASER_FUNCTION_NAME,
        InvocationType: 'Event',
        Payload: Buffer.from(JSON.stringify({ erasureId })),
      }),
    );
  };
  const erasures = new ErasureService({
    ledger: new ErasureLedger(tables.state),
    clock,
    randomPart,
    logRetentionDays: env.LOG_RETENTION_DAYS,
    start,
  });
  return createHttpHandler(runtime, env.AUTH_MODE, erasureRoutes, {
    startErasure: async ({ body, caller }) => {
      const erasure = await erasures.request(body);
      logger.info('erasure requested', { erasureId: erasure.erasureId, caller });
      return erasure;
    },
    getErasure: ({ params }) => erasures.get(params.erasureId),
  });
}

export const handler = createErasuresHandler(
  createRuntime('erasures'),
  readEnvironment(environment),
  new LambdaClient({}),
);
