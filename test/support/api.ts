import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import { MAX_ANSWER_BYTES } from '../../lambdas/shared/answer-room.ts';
import {
  type ErrorCode,
  errorCodes,
  type RouteContract,
  routeKeyOf,
} from '../../lambdas/shared/http/contract.ts';
import type { HttpEvent, HttpHandler } from '../../lambdas/shared/http/handler.ts';
import { record } from './recordings.ts';

export const CALLER = 'arn:aws:sts::111122223333:assumed-role/agents/test';

export interface CallInput {
  readonly params?: Record<string, string>;
  readonly query?: Record<string, string>;
  readonly body?: unknown;
  /** The body as text, for malformed JSON. */
  readonly rawBody?: string;
  readonly rawPath?: string;
  /** More headers, with lower-case names, as API Gateway hands them over. */
  readonly headers?: Record<string, string>;
  /** `null`: a request without an IAM identity. */
  readonly caller?: string | null;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are asserted on, field by field
type Json = any;

export interface Answer {
  readonly status: number;
  readonly body: Json;
  readonly headers: Record<string, unknown>;
}

/** The API Gateway v2 event of a call. */
export function eventOf(route: RouteContract, input: CallInput): HttpEvent {
  const params = input.params ?? {};
  const path = input.rawPath ?? route.path.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '');
  const body = input.rawBody ?? (input.body === undefined ? undefined : JSON.stringify(input.body));
  const caller = input.caller === undefined ? CALLER : input.caller;
  return {
    version: '2.0',
    routeKey: routeKeyOf(route),
    rawPath: path,
    rawQueryString: new URLSearchParams(input.query).toString(),
    headers: { 'content-type': 'application/json', ...input.headers },
    ...(input.query && { queryStringParameters: input.query }),
    ...(Object.keys(params).length > 0 && { pathParameters: params }),
    ...(body !== undefined && { body }),
    isBase64Encoded: false,
    requestContext: {
      requestId: randomUUID(),
      stage: '$default',
      http: { method: route.method, path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
      ...(caller && { authorizer: { iam: { userArn: caller } } }),
    },
  } as unknown as HttpEvent;
}

export const lambdaContext = {
  functionName: 'test',
  awsRequestId: 'test',
  getRemainingTimeInMillis: () => 29_000,
} as unknown as Context;

/** Text of the fields an answer has and its contract has not, so an undocumented field fails the test that saw it. */
function undocumented(actual: unknown, parsed: unknown, path = ''): string[] {
  if (Array.isArray(actual) && Array.isArray(parsed))
    return actual.flatMap((item, i) => undocumented(item, parsed[i], `${path}[${i}]`));
  if (actual === null || typeof actual !== 'object' || parsed === null || typeof parsed !== 'object')
    return [];
  return Object.entries(actual).flatMap(([key, value]) =>
    key in parsed ? undocumented(value, parsed[key as never], `${path}.${key}`) : [`${path}.${key}`],
  );
}

/**
 * Calls one route of a handler and holds the answer against its contract: status, every field, every error code.
 * What was answered is recorded; test/recorded/ proves that every documented code was seen.
 */
export async function call(
  handler: HttpHandler,
  route: RouteContract,
  input: CallInput = {},
): Promise<Answer> {
  const result = await handler(eventOf(route, input), lambdaContext);
  const status = result.statusCode ?? 0;
  const text = Buffer.from(result.body ?? 'null', result.isBase64Encoded ? 'base64' : 'utf8').toString(
    'utf8',
  );
  if (Buffer.byteLength(text) > MAX_ANSWER_BYTES) throw new Error(`${routeKeyOf(route)} answered over 4 MB`);
  const body = JSON.parse(text) as Json;
  const code = body?.error?.code as ErrorCode | undefined;
  record({ kind: 'answer', routeKey: routeKeyOf(route), status, ...(code && { code }) });
  if (code) {
    if (errorCodes[code] !== status) throw new Error(`${code} came with status ${status}`);
  } else {
    if (status !== route.status)
      throw new Error(`${routeKeyOf(route)} answered ${status}, not ${route.status}`);
    const extra = undocumented(body, route.response.parse(body));
    if (extra.length > 0) throw new Error(`${routeKeyOf(route)} answered undocumented ${extra.join(', ')}`);
  }
  return { status, body, headers: result.headers ?? {} };
}
