import type { Logger } from '@aws-lambda-powertools/logger';
import type middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';

/** Place of a request in its caller's trace (W3C Trace Context). */
export interface TraceParent {
  readonly traceId: string;
  /** The caller's span. */
  readonly parentSpanId: string;
}

/** Version 00 ends after the flags; a later one may go on after another dash. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const isZero = (id: string): boolean => /^0+$/.test(id);
/** Far above any real one. It is sent back, so it must not be a way to fill an answer. */
const MAX_LENGTH = 256;

/** @returns undefined for a header that is absent or malformed: a trace never makes a request fail */
export function parseTraceParent(header: string | undefined): TraceParent | undefined {
  if (header === undefined || header.length > MAX_LENGTH) return undefined;
  const [, version, traceId, parentSpanId, more] = TRACEPARENT.exec(header) ?? [];
  if (traceId === undefined || parentSpanId === undefined) return undefined;
  if (isZero(traceId) || isZero(parentSpanId)) return undefined;
  if (version === '00' && more !== undefined) return undefined;
  return { traceId, parentSpanId };
}

type Event = Partial<Pick<APIGatewayProxyEventV2, 'headers'>>;

/**
 * Puts the caller's trace into every log line of the request, and sends its `traceparent` back with the answer, errors
 * too. It stores nothing. Register it before the error mapper, whose answer it completes.
 */
export function traceParentMiddleware(
  logger: Pick<Logger, 'appendKeys'>,
): middy.MiddlewareObj<Event, APIGatewayProxyStructuredResultV2> {
  const complete: middy.MiddlewareFn<Event, APIGatewayProxyStructuredResultV2> = ({ event, response }) => {
    const traceparent = event.headers?.['traceparent'];
    if (response && traceparent !== undefined && parseTraceParent(traceparent))
      response.headers = { ...response.headers, traceparent };
  };
  return {
    before: ({ event }) => {
      const parent = parseTraceParent(event.headers?.['traceparent']);
      if (parent) logger.appendKeys({ ...parent });
    },
    after: complete,
    onError: complete,
  };
}
