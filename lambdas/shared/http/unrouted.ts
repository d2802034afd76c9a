import { type DomainError, MethodNotAllowedError, NotFoundError } from '../errors.ts';
import { methodsOf, type RouteContract } from './contract.ts';

/** Key of the route that takes what no other route does. */
export const UNROUTED = '$default';

const isRouteOf =
  (segments: readonly string[]) =>
  ({ path }: RouteContract): boolean => {
    const own = path.split('/');
    return (
      own.length === segments.length &&
      own.every((segment, i) => (segment.startsWith('{') ? segments[i] !== '' : segment === segments[i]))
    );
  };

/** Routes of a path. Where one path is spelled out that another takes for an id, only the former: it is the resource. */
function routesOf(routes: readonly RouteContract[], segments: readonly string[]): readonly RouteContract[] {
  const matching = routes.filter(isRouteOf(segments));
  const spelledOut = ({ path }: RouteContract): number => path.split('{').length;
  const fewest = Math.min(...matching.map(spelledOut));
  return matching.filter((route) => spelledOut(route) === fewest);
}

/** The error of a request that no route takes: its method, a slash at its end, or the path as a whole. */
export function unroutedError(
  routes: readonly RouteContract[],
  { method, path }: { readonly method: string; readonly path: string },
): DomainError {
  const allowed = [
    ...new Set<string>(routesOf(routes, path.split('/')).flatMap((route) => methodsOf(route))),
  ].sort();
  if (allowed.length > 0 && !allowed.includes(method)) return new MethodNotAllowedError(allowed);
  let end = path.length;
  while (path[end - 1] === '/') end--;
  const tidied = path.slice(0, end);
  if (tidied !== path && routes.some(isRouteOf(tidied.split('/'))))
    return new NotFoundError(`No route has this path; without the slash at its end it is ${tidied}`);
  return new NotFoundError('No route has this path');
}
