import { termsOf } from '../shared/text/terms.ts';

/** Values of a free-form map that one record shows or is compared by, at most. */
const MAX_VALUES = 60;

/** `[path, value]` of every scalar, in their order; paths are dotted, members of a list share its path. */
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

/** What of a free-form map others can have too: `path=value`. */
export const featuresOf = (value: unknown): Set<string> =>
  new Set(scalarsOf(value).map(([path, scalar]) => `${path}=${scalar.slice(0, 128)}`));

/** Words of its values; of its paths none, which all records of a kind share. */
export const valueTermsOf = (value: unknown): ReadonlySet<string> =>
  termsOf(
    scalarsOf(value)
      .map(([, scalar]) => scalar)
      .join(' '),
  );

/** `path = value, …`, for reading. */
export const describeMap = (value: unknown): string =>
  scalarsOf(value)
    .map(([path, scalar]) => `${path} = ${scalar}`)
    .join(', ');
