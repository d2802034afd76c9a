import { Tracer } from '@aws-lambda-powertools/tracer';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';

/** Traces to X-Ray, where it is there: on a Lambda that is traced. */
export function createXRayTracing(service: string) {
  const tracer = new Tracer({ serviceName: service, captureHTTPsRequests: false });
  return {
    capture: <Client>(client: Client): Client =>
      tracer.isTracingEnabled() ? tracer.captureAWSv3Client(client) : client,
    middlewares: () => [captureLambdaHandler(tracer, { captureResponse: false })],
  };
}
