import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createDocumentClient } from '../dynamodb/client.ts';
import { type Clock, systemClock } from './clock.ts';
import { type RandomPart, randomPart } from './ids.ts';
import { createTracing, type Tracing } from './tracing.ts';

/** What every function is given: its clients and its sources of time and chance. Tests pass their own. */
export interface Runtime {
  readonly clock: Clock;
  readonly randomPart: RandomPart;
  readonly documents: DynamoDBDocumentClient;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
}

/** @param service name of the function; it labels its log lines, metrics and traces */
export function createRuntime(service: string): Runtime {
  const tracing = createTracing(service);
  return {
    clock: systemClock,
    randomPart,
    documents: tracing.capture(createDocumentClient()),
    logger: new Logger({ serviceName: service }),
    // The namespace is the stage's, from POWERTOOLS_METRICS_NAMESPACE.
    metrics: new Metrics({ serviceName: service }),
    tracing,
  };
}
