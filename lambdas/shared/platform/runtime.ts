import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createDocumentClient } from '../dynamodb/client.ts';
import { type Clock, systemClock } from './clock.ts';
import { type RandomPart, randomPart } from './ids.ts';
import { InvocationDeadline } from './invocation-deadline.ts';
import { createTracing, type Tracing } from './tracing.ts';

/** The clients and the sources of time and chance that every function is given. Tests pass their own. */
export interface Runtime {
  readonly clock: Clock;
  readonly randomPart: RandomPart;
  readonly documents: DynamoDBDocumentClient;
  /** When the current invocation must have its answer; retries end before it. */
  readonly deadline: InvocationDeadline;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
}

/** @param service name of the function; it labels its log lines, metrics and traces */
export function createRuntime(service: string): Runtime {
  const tracing = createTracing(service);
  const documents = tracing.capture(createDocumentClient());
  const deadline = new InvocationDeadline();
  return {
    clock: systemClock,
    randomPart,
    documents,
    deadline,
    logger: new Logger({ serviceName: service }),
    // The namespace is the stage's, from POWERTOOLS_METRICS_NAMESPACE.
    metrics: new Metrics({ serviceName: service }),
    tracing,
  };
}
