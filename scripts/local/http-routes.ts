import { UNROUTED } from '../../lambdas/shared/http/unrouted.ts';
import type { RouteSpec } from './assembly.ts';

export interface RouteMatch {
  readonly routeKey: string;
  readonly functionArn: string;
  /** Decoded. */
  readonly pathParameters: Readonly<Record<string, string>>;
}

interface Route extends RouteSpec {
  readonly method: string;
  readonly segments: readonly string[];
}

const isParameter = (segment: string): boolean => segment.startsWith('{');

/** API Gateway prefers the route with more fixed segments, the earlier ones first, then the named method to `ANY`. */
const rank = ({ method, segments }: Route): string =>
  segments.map((segment) => (isParameter(segment) ? '1' : '0')).join('') + (method === 'ANY' ? '1' : '0');

/**
 * Finds the route of a request, segment by segment on the path as it was sent: an encoded slash stays inside its
 * segment, and a doubled or trailing slash makes another path.
 *
 * @throws Error at creation for a route key this machine does not serve (greedy parameters)
 */
export function createRouter(specs: readonly RouteSpec[]) {
  const unrouted = specs.find(({ routeKey }) => routeKey === UNROUTED);
  const routes = specs
    .filter((spec) => spec !== unrouted)
    .map((spec): Route => {
      const [, method, path] = /^([A-Z]+) (\/\S*)$/.exec(spec.routeKey) ?? [];
      if (!method || !path || path.includes('+}'))
        throw new Error(`route '${spec.routeKey}' is not served by the local service`);
      return { ...spec, method, segments: path.split('/').slice(1) };
    })
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1));

  /** @throws URIError when the path's percent-encoding is broken */
  return (method: string, rawPath: string): RouteMatch | undefined => {
    const sent = rawPath.split('/').slice(1);
    const decoded = sent.map(decodeURIComponent);
    const found = routes.find(
      (route) =>
        (route.method === method || route.method === 'ANY') &&
        route.segments.length === sent.length &&
        route.segments.every((segment, i) => (isParameter(segment) ? sent[i] !== '' : segment === sent[i])),
    );
    if (!found) return unrouted && { ...unrouted, pathParameters: {} };
    const parameters = found.segments.flatMap((segment, i): [string, string][] =>
      isParameter(segment) ? [[segment.slice(1, -1), decoded[i]!]] : [],
    );
    return {
      routeKey: found.routeKey,
      functionArn: found.functionArn,
      pathParameters: Object.fromEntries(parameters),
    };
  };
}
