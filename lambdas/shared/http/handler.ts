import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type {
  APIGatewayProxyEventV2WithIAMAuthorizer,
  APIGatewayProxyStructuredResultV2,
  Context,
} from 'aws-lambda';
import type * as z from 'zod';
import { ForbiddenError, NotFoundError } from '../errors.ts';
import type { Runtime } from '../platform/runtime.ts';
import type { ReadonlyDeep } from '../schema/readonly-deep.ts';
import { bodyOf } from './answer.ts';
import { methodsOf, type RouteContract, type Routes, routeKeyOf } from './contract.ts';
import { type ErrorAnswer, toErrorAnswer } from './errors.ts';
import { parseRequest, type RouteRequest } from './request.ts';
import { traceParentMiddleware } from './traceparent.ts';
import { UNROUTED, unroutedError } from './unrouted.ts';

export type { RouteRequest };

export type HttpEvent = APIGatewayProxyEventV2WithIAMAuthorizer;
export type HttpResult = APIGatewayProxyStructuredResultV2;
export type HttpHandler = (event: HttpEvent, context: Context) => Promise<HttpResult>;

/** One service call per route. Domain types are readonly throughout; an answer is only printed. */
export type Bindings<R extends Routes> = {
  readonly [Name in keyof R]: (
    request: RouteRequest<R[Name]>,
  ) => Promise<ReadonlyDeep<z.input<R[Name]['response']>>>;
};

type AuthMode = 'iam' | 'none';

/** Lambda puts the body into JSON once more, which may double it, and takes 6 MB. Base64 adds a third, always. */
const MAX_TEXT_BYTES = 2_900_000;

function json(status: number, body: string, headers: Record<string, string> = {}): HttpResult {
  const isLarge = Buffer.byteLength(body) > MAX_TEXT_BYTES;
  return {
    statusCode: status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: isLarge ? Buffer.from(body).toString('base64') : body,
    ...(isLarge && { isBase64Encoded: true }),
  };
}

function errorResult(answer: ErrorAnswer, requestId: string): HttpResult {
  const { status, retryAfterSeconds, allow, ...detail } = answer;
  return json(status, JSON.stringify({ error: { ...detail, requestId } }), {
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    ...(allow && { allow: allow.join(', ') }),
  });
}

/** The signer's ARN. Fails closed: without one nothing is answered, unless this machine runs without signatures. */
function callerOf(event: HttpEvent, route: RouteContract, authMode: AuthMode): string {
  const arn = event.requestContext.authorizer?.iam?.userArn;
  if (arn) return arn;
  if (route.audience === 'open' || authMode === 'none') return 'local';
  throw new ForbiddenError('The request carries no IAM identity');
}

/**
 * The one middleware chain. Middy runs `before` in order and `onError` in reverse, and every `onError` runs: so the
 * error mapper, registered last, answers first, then metrics are flushed, the trace segment closed and the log keys
 * cleared, whatever happened.
 *
 * @param allRoutes every route of the API, for the function that answers what no route takes
 */
export function createHttpHandler<R extends Routes>(
  { logger, metrics, tracing, deadline }: Pick<Runtime, 'logger' | 'metrics' | 'tracing' | 'deadline'>,
  authMode: AuthMode,
  routes: R,
  bindings: Bindings<R>,
  allRoutes?: () => Promise<readonly RouteContract[]>,
): HttpHandler {
  const table = new Map(
    Object.entries(routes).flatMap(([name, route]) =>
      methodsOf(route).map(
        (method) => [routeKeyOf({ ...route, method }), { route, run: bindings[name]! }] as const,
      ),
    ),
  );

  const dispatch = async (event: HttpEvent): Promise<HttpResult> => {
    const entry = table.get(event.routeKey);
    if (!entry && event.routeKey === UNROUTED && allRoutes)
      throw unroutedError(await allRoutes(), { ...event.requestContext.http, path: event.rawPath });
    if (!entry) throw new NotFoundError('No such route');
    const { route, run } = entry;
    const caller = callerOf(event, route, authMode);
    const request = { ...parseRequest(route, event), caller };
    logger.appendKeys({ route: event.routeKey, caller, ...request.params });
    const answer = await run(request as never);
    const body = bodyOf(route, answer);
    logger.info('answered', { status: route.status });
    return json(route.status, body);
  };

  const mapErrors: middy.MiddlewareObj<HttpEvent, HttpResult> = {
    onError: (request) => {
      const { routeKey } = request.event;
      const answer = toErrorAnswer(request.error, table.get(routeKey)?.route.throttledAs);
      if (answer.status >= 500) logger.error('failed', { route: routeKey, error: request.error as Error });
      else logger.info('refused', { route: routeKey, status: answer.status, code: answer.code });
      request.response = errorResult(answer, request.event.requestContext.requestId);
    },
  };

  // Powertools' own middleware warns on every request that counted nothing, and most reads count nothing.
  const flush = () => {
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  };
  const flushMetrics: middy.MiddlewareObj<HttpEvent, HttpResult> = { after: flush, onError: flush };

  const answer = middy<HttpEvent, HttpResult>(dispatch)
    .use(deadline.middleware())
    .use(injectLambdaContext(logger, { resetKeys: true }))
    .use(tracing.middlewares())
    .use(flushMetrics)
    .use(traceParentMiddleware(logger))
    .use(mapErrors) as unknown as HttpHandler;
  return async (event, context) => {
    const result = await answer(event, context);
    return event.requestContext.http.method === 'HEAD'
      ? { ...result, body: '', isBase64Encoded: false }
      : result;
  };
}
