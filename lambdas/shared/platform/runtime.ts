import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { Tracer } from '@aws-lambda-powertools/tracer';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createDocumentClient } from '../dynamodb/client.ts';
import { type Clock, systemClock } from './clock.ts';
import { type RandomPart, randomPart } from './ids.ts';

/** What every function is given: its clients and its sources of time and chance. Tests pass their own. */
export interface Runtime {
  readonly clock: Clock;
  readonly randomPart: RandomPart;
  readonly documents: DynamoDBDocumentClient;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
}

/** @param service name of the function; it labels its log lines, metrics and traces */
export function createRuntime(service: string): Runtime {
  const tracer = new Tracer({ serviceName: service, captureHTTPsRequests: false });
  const documents = createDocumentClient();
  return {
    clock: systemClock,
    randomPart,
    documents: tracer.isTracingEnabled() ? tracer.captureAWSv3Client(documents) : documents,
    logger: new Logger({ serviceName: service }),
    // The namespace is the stage's, from POWERTOOLS_METRICS_NAMESPACE.
    metrics: new Metrics({ serviceName: service }),
    tracer,
  };
}
