import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { ErasedMarks } from '../shared/erased-marks.ts';
import { type BackgroundHandler, createBackgroundHandler } from '../shared/platform/background-handler.ts';
import { type EnvironmentOf, readEnvironment, resourceName } from '../shared/platform/env.ts';
import { openTables } from '../shared/dynamodb/open-tables.ts';
import { createRuntime, type Runtime } from '../shared/platform/runtime.ts';
import { answerOf } from '../shared/platform/stream-batch.ts';
import { SeenSignals } from '../signals/seen-signals.ts';
import { SignalBus } from './signal-bus.ts';
import { SignalRelay } from './signal-relay.ts';

const environment = { STATE_TABLE: resourceName, EVENT_BUS_NAME: resourceName };
export type RelayEnvironment = EnvironmentOf<typeof environment>;

export type RelayHandler = BackgroundHandler<DynamoDBStreamEvent, DynamoDBBatchResponse>;

export const createRelayHandler = (
  runtime: Omit<Runtime, 'randomPart' | 'metrics'>,
  env: RelayEnvironment,
  eventBridge: EventBridgeClient,
): RelayHandler => {
  const { logger } = runtime;
  const tables = openTables(runtime, env);
  const relay = new SignalRelay(
    new SignalBus(eventBridge, env.EVENT_BUS_NAME),
    new SeenSignals(tables.state),
    new ErasedMarks(tables.state),
  );
  return createBackgroundHandler(runtime, async (event: DynamoDBStreamEvent) => {
    const { response, relayed, failures } = await relay.relay(event);
    for (const { sequenceNumber, error } of failures) logger.error('not relayed', { sequenceNumber, error });
    logger.info('relayed', { records: event.Records.length, relayed, failed: failures.length });
    return answerOf(event, response);
  });
};

/** Whole requests are retried by the SDK with its own backoff; entries that fail alone are retried by the bus. */
const createEventBridgeClient = ({ tracing }: Runtime): EventBridgeClient => {
  const client = new EventBridgeClient({
    maxAttempts: 3,
    requestHandler: { requestTimeout: 5_000, connectionTimeout: 1_000, throwOnRequestTimeout: true },
  });
  return tracing.capture(client);
};

const runtime = createRuntime('relay');
export const handler = createRelayHandler(
  runtime,
  readEnvironment(environment),
  createEventBridgeClient(runtime),
);
