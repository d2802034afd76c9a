import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createDocumentClient } from '../../lambdas/shared/dynamodb/client.ts';
import { InvocationDeadline } from '../../lambdas/shared/platform/invocation-deadline.ts';
import { randomPart } from '../../lambdas/shared/platform/ids.ts';
import type { Runtime } from '../../lambdas/shared/platform/runtime.ts';
import { untraced } from '../../lambdas/shared/platform/tracing.ts';
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
  /** Asked before each retry of a call through such a client: whether there is time for it. @default there is none */
  readonly retries?: () => boolean;
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

/** For what a test arranges and looks at through services: the same clients and clock, and nothing is recorded. */
export function createUnrecordedRuntime(options: Pick<TestRuntimeOptions, 'now'> = {}): TestRuntime {
  const runtime = createTestRuntime('unrecorded', options);
  return {
    ...runtime,
    documents: runtime.unrecorded,
  };
}

/** @param service the function under test, as named in the stack: its SDK commands are recorded under that name */
export function createTestRuntime(service: string, options: TestRuntimeOptions = {}): TestRuntime {
  let now = new Date(options.now ?? Date.now());
  const real = createDocumentClient();
  recordCommands(service, real);
  const clock = () => new Date(now);
  const documents = options.documents ? options.documents(real) : real;
  const deadline = new InvocationDeadline();
  // A client that fails on purpose is to be seen failing, not to be tried again until it does not.
  if (options.documents) deadline.allows = options.retries ?? (() => false);
  return {
    clock,
    randomPart,
    documents,
    deadline,
    unrecorded: createDocumentClient(),
    logger: new Logger({ serviceName: service }),
    metrics: createRecordedMetrics(service),
    tracing: untraced,
    setTime: (time) => {
      now = new Date(time);
    },
    advance: (milliseconds) => {
      now = new Date(now.getTime() + milliseconds);
    },
  };
}
