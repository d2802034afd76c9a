import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type * as z from 'zod';
import { type Issue, TooLargeError, ValidationFailedError } from '../errors.ts';
import { withoutNulls } from './absent-fields.ts';
import type { RouteContract } from './contract.ts';
import { jsonFault } from './json-fault.ts';
import { assertStorable } from './storable.ts';

type RawEvent = Pick<
  APIGatewayProxyEventV2,
  'rawPath' | 'pathParameters' | 'queryStringParameters' | 'body' | 'isBase64Encoded'
>;

/** A request that satisfied its contract. */
export interface RouteRequest<Route extends RouteContract> {
  readonly params: z.output<Route['params']>;
  readonly query: z.output<Route['query']>;
  readonly body: Route extends { body?: infer Body extends z.ZodType } ? z.output<Body> : undefined;
  /** ARN of the IAM identity that signed the request; `local` where none is required. */
  readonly caller: string;
}

const toIssues = (error: z.ZodError): Issue[] =>
  error.issues.flatMap((issue): Issue[] => {
    const path = issue.path.map(String);
    // One issue per unknown field, at the field itself rather than at the object around it.
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not a known field' }));
    return [{ path: path.join('.'), message: issue.message }];
  });

/** @throws ValidationFailedError with one issue per field */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ValidationFailedError(toIssues(result.error));
}

/** As `parse`, for what a client sends: an optional field that is null counts as absent. */
export const parseSent = <Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> =>
  parse(schema, withoutNulls(schema, value));

/** Above every item limit; a batch of full-sized decisions has to be sent in parts. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** @returns undefined for an empty body; @throws TooLargeError, ValidationFailedError saying where it is no JSON */
function decodeBody(event: RawEvent): unknown {
  if (!event.body) return undefined;
  const bytes = Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.byteLength > MAX_BODY_BYTES)
    throw new TooLargeError(`The body is ${bytes.byteLength} bytes; the limit is ${MAX_BODY_BYTES}`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw ValidationFailedError.at('body', 'is not text in UTF-8');
  }
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw ValidationFailedError.at('body', `is not valid JSON${jsonFault(text)}`);
  }
}

/** An empty body counts as `{}` where that is enough. Otherwise a client is told so, beside the fields it lacks. */
function emptyBody<Schema extends z.ZodType>(schema: Schema): z.output<Schema> {
  const result = schema.safeParse({});
  if (result.success) return result.data;
  throw new ValidationFailedError([{ path: 'body', message: 'is empty' }, ...toIssues(result.error)]);
}

/**
 * The path as API Gateway matched it must be the route with its ids filled in, letter for letter. Encoded or doubled
 * separators and trailing slashes are another spelling of somebody's path, and IAM has judged that spelling.
 */
function assertCanonicalPath(route: RouteContract, event: RawEvent): void {
  const canonical = route.path.replace(/\{(\w+)\}/g, (_, name: string) => event.pathParameters?.[name] ?? '');
  if (event.rawPath !== canonical)
    throw ValidationFailedError.at('path', 'is not the canonical form of its route');
}

/** Path, query and body of an event, as the route's contract has them. @throws ValidationFailedError */
export function parseRequest<Route extends RouteContract>(
  route: Route,
  event: RawEvent,
): Omit<RouteRequest<Route>, 'caller'> {
  const params = parse(route.params, event.pathParameters ?? {});
  assertCanonicalPath(route, event);
  const query = parse(route.query, event.queryStringParameters ?? {});
  if (!route.body) {
    if (event.body) throw ValidationFailedError.at('body', 'this route takes no body');
    return { params, query, body: undefined } as never;
  }
  const body = decodeBody(event);
  if (body === undefined) return { params, query, body: emptyBody(route.body) } as never;
  assertStorable(body);
  return { params, query, body: parseSent(route.body, body) } as never;
}
