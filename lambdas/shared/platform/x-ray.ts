import { Tracer } from '@aws-lambda-powertools/tracer';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import type { Tracing } from './tracing.ts';

/** Traces to X-Ray, where it is there: on a Lambda that is traced. */
export function createXRayTracing(service: string): Tracing {
  const tracer = new Tracer({ serviceName: service, captureHTTPsRequests: false });
  return {
    capture: (client) => (tracer.isTracingEnabled() ? tracer.captureAWSv3Client(client) : client),
    middlewares: () => [captureLambdaHandler(tracer, { captureResponse: false })],
  };
}
