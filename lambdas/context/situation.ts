import { termsOf } from '../shared/text/terms.ts';

/** Most values of a free-form map that one record shows or is compared by. */
const MAX_VALUES = 60;

/** `[path, value]` of every scalar, in their order. Paths are dotted; members of a list share its path. */
export function scalarsOf(value: unknown): [path: string, value: string][] {
  const found: [string, string][] = [];
  const walk = (at: unknown, path: string): void => {
    if (found.length >= MAX_VALUES || at === null || at === undefined) return;
    if (Array.isArray(at)) for (const member of at) walk(member, path);
    else if (typeof at === 'object')
      for (const [name, member] of Object.entries(at)) walk(member, path === '' ? name : `${path}.${name}`);
    else found.push([path, String(at)]);
  };
  walk(value, '');
  return found;
}

/** The features of a free-form map that other records can share: `path=value`. */
export const featuresOf = (value: unknown): Set<string> =>
  new Set(scalarsOf(value).map(([path, scalar]) => `${path}=${scalar.slice(0, 128)}`));

/** Words of its values. Its paths are left out, because all records of a kind share them. */
export const valueTermsOf = (value: unknown): ReadonlySet<string> =>
  termsOf(
    scalarsOf(value)
      .map(([, scalar]) => scalar)
      .join(' '),
  );

/** `path = value, …`, for a reader. */
export const describeMap = (value: unknown): string =>
  scalarsOf(value)
    .map(([path, scalar]) => `${path} = ${scalar}`)
    .join(', ');
