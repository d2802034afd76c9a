import { createHash } from 'node:crypto';
import { ValidationFailedError } from '../errors.ts';

/**
 * `nextToken`: version, hash of the query it belongs to, position. The position never holds a partition key: those
 * are rebuilt from the request, so a token edited by hand cannot reach another agent's partition.
 */
const VERSION = 1;

const queryHash = (query: unknown): string =>
  createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 10);

/** @param query everything but `maxResults` and `nextToken` that decides what the list holds */
export const encodePageToken = (query: unknown, position: unknown): string =>
  Buffer.from(JSON.stringify([VERSION, queryHash(query), position])).toString('base64url');

/** @throws ValidationFailedError when the token is garbage, or of another query */
export function decodePageToken<Position>(
  query: unknown,
  token: string | undefined,
  isPosition: (value: unknown) => value is Position,
): Position | undefined {
  if (token === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    throw ValidationFailedError.at('nextToken', 'is not a token of this service');
  }
  if (!Array.isArray(parsed) || parsed.length !== 3 || parsed[0] !== VERSION)
    throw ValidationFailedError.at('nextToken', 'is not a token of this service');
  if (parsed[1] !== queryHash(query)) throw ValidationFailedError.at('nextToken', 'belongs to another query');
  if (!isPosition(parsed[2])) throw ValidationFailedError.at('nextToken', 'is not a token of this service');
  return parsed[2];
}

export const isSortKeyPosition = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= 1024;
