import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { Tracer } from '@aws-lambda-powertools/tracer';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createDocumentClient } from '../../lambdas/shared/dynamodb/client.ts';
import { randomPart } from '../../lambdas/shared/platform/ids.ts';
import type { Runtime } from '../../lambdas/shared/platform/runtime.ts';
import { METRICS_NAMESPACE } from '../../lambdas/shared/schema/metrics.ts';
import { record, recordCommands } from './recordings.ts';

export interface TestRuntime extends Runtime {
  /** Moves the clock; it stands still otherwise. */
  setTime(time: string | Date): void;
  advance(milliseconds: number): void;
  /** The same tables, past the function: what a test arranges or looks up is not the function's doing. */
  readonly unrecorded: DynamoDBDocumentClient;
}

export interface TestRuntimeOptions {
  /** @default the wall clock at creation; it then stands still until moved */
  readonly now?: string;
  /** Wraps or replaces the client: inject faults, lag, counters. */
  readonly documents?: (real: DynamoDBDocumentClient) => DynamoDBDocumentClient;
}

/** Records what is counted under the name of the function that counts it; test/recorded/ compares it with the alarms. */
function createRecordedMetrics(service: string): Metrics {
  const metrics = new Metrics({ namespace: METRICS_NAMESPACE, serviceName: service });
  const addMetric = metrics.addMetric.bind(metrics);
  metrics.addMetric = (name, ...rest) => {
    record({ kind: 'metric', service, name });
    return addMetric(name, ...rest);
  };
  return metrics;
}

/** @param service the function under test, as named in the stack: its SDK commands are recorded under that name */
export function createTestRuntime(service: string, options: TestRuntimeOptions = {}): TestRuntime {
  let now = new Date(options.now ?? Date.now());
  const real = createDocumentClient();
  recordCommands(service, real);
  return {
    clock: () => new Date(now),
    randomPart,
    documents: options.documents ? options.documents(real) : real,
    unrecorded: createDocumentClient(),
    logger: new Logger({ serviceName: service }),
    metrics: createRecordedMetrics(service),
    tracer: new Tracer({ serviceName: service, enabled: false }),
    setTime: (time) => {
      now = new Date(time);
    },
    advance: (milliseconds) => {
      now = new Date(now.getTime() + milliseconds);
    },
  };
}
