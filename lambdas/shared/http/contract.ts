import type * as z from 'zod';

/** Every error code the API can answer with, and its status. */
export const errorCodes = {
  ValidationFailed: 400,
  TooManyTargets: 400,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  Gone: 410,
  Conflict: 409,
  VersionConflict: 409,
  IdempotencyMismatch: 409,
  TooLarge: 413,
  Throttled: 429,
  Internal: 500,
  Unavailable: 503,
} as const;

export type ErrorCode = keyof typeof errorCodes;
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * One route of the API. The one place it exists: the stacks make the API Gateway route of it, the handler validates
 * by it, `docs/openapi.json` is generated from it.
 */
export interface RouteContract<
  Params extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodType,
  Response extends z.ZodType = z.ZodType,
> {
  readonly method: Method;
  /** With path parameters in braces, e.g. `/agents/{agentId}/decisions`. */
  readonly path: string;
  /** Callers: one agent (`/agents/{agentId}/…`), an operator, or anyone without a signature. */
  readonly audience: 'agent' | 'operator' | 'open';
  readonly summary: string;
  readonly params: Params;
  readonly query: Query;
  /** Absent when the route takes no body; sending one is then a 400. */
  readonly body?: Body;
  readonly response: Response;
  readonly status: 200 | 201 | 202;
  /** Codes beyond those every route can answer (see `codesOf`). */
  readonly errors: readonly ErrorCode[];
  /**
   * Code for a throttled write whose client was not too fast: it is answered like any outage, as 503.
   * @default Throttled, 429
   */
  readonly throttledAs?: 'Unavailable';
  /**
   * Lists of the answer whose largest items are left out when it would pass 4 MB, with the field that names an item.
   * A dotted path; `*` is every row. The row of the list then says which: see `omittedSchema`.
   * @default none: a page that ends early, or an answer whose shape bounds it
   */
  readonly omits?: Readonly<Record<string, string>>;
  readonly example?: { readonly body?: unknown; readonly query?: Record<string, string> };
}

export const defineRoute = <
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType,
  Response extends z.ZodType,
>(
  route: RouteContract<Params, Query, Body, Response>,
): RouteContract<Params, Query, Body, Response> => route;

export type Routes = Readonly<Record<string, RouteContract>>;

export const routeKeyOf = (route: { readonly method: Method | 'HEAD'; readonly path: string }): string =>
  `${route.method} ${route.path}`;

/** Methods a route is answered under: what needs no signature is also asked for its head alone, by monitors. */
export const methodsOf = ({ method, audience }: RouteContract): readonly (Method | 'HEAD')[] =>
  method === 'GET' && audience === 'open' ? ['GET', 'HEAD'] : [method];

/** Every code a route can answer: its own, and those that come with being a route at all. */
export const codesOf = (route: RouteContract): readonly ErrorCode[] => [
  ...new Set<ErrorCode>([
    'ValidationFailed',
    ...(route.audience === 'open'
      ? []
      : (['Forbidden', route.throttledAs ?? 'Throttled', 'Unavailable'] as const)),
    ...(route.body ? (['TooLarge'] as const) : []),
    'Internal',
    ...route.errors,
  ]),
];
