import * as errors from '../errors.ts';
import { type ErrorCode, errorCodes, type RouteContract } from './contract.ts';

/** The client's view of an error: never a stack, a table name or an AWS message. */
export interface ErrorAnswer {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly issues?: readonly errors.Issue[];
  readonly currentVersion?: number;
  readonly retryAfterSeconds?: number;
  /** Methods of the path, for the `allow` header. */
  readonly allow?: readonly string[];
}

type ErrorClass = abstract new (...args: never[]) => errors.DomainError;

/** Most specific first: the first class an error is an instance of decides. */
export const errorTable: readonly (readonly [ErrorClass, ErrorCode])[] = [
  [errors.TooManyTargetsError, 'TooManyTargets'],
  [errors.ValidationFailedError, 'ValidationFailed'],
  [errors.ForbiddenError, 'Forbidden'],
  [errors.NotFoundError, 'NotFound'],
  [errors.MethodNotAllowedError, 'MethodNotAllowed'],
  [errors.GoneError, 'Gone'],
  [errors.VersionConflictError, 'VersionConflict'],
  [errors.IdempotencyMismatchError, 'IdempotencyMismatch'],
  [errors.ConflictError, 'Conflict'],
  [errors.TooLargeError, 'TooLarge'],
  [errors.AnswerTooLargeError, 'Internal'],
  [errors.ThrottledError, 'Throttled'],
  [errors.UnavailableError, 'Unavailable'],
];

const THROTTLES = new Set([
  'ThrottlingException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'TooManyRequestsException',
]);
const OUTAGES = new Set([
  'InternalServerError',
  'ServiceUnavailable',
  'TimeoutError',
  'NetworkingError',
  'TransactionInProgressException',
  'TransactionConflictException',
]);

/**
 * Maps the final error of an SDK client, after its retries, to a domain error. A cancelled transaction that reaches
 * this point was cancelled for load or contention: services handle the conditions they wrote themselves.
 */
export function fromAwsError(error: unknown): errors.DomainError | undefined {
  if (!(error instanceof Error)) return undefined;
  if (THROTTLES.has(error.name)) return new errors.ThrottledError('Too many requests; slow down and retry');
  const reasons =
    'CancellationReasons' in error ? (error.CancellationReasons as { Code?: string }[]) : undefined;
  if (reasons?.some(({ Code }) => Code === 'ThrottlingError' || Code === 'ProvisionedThroughputExceeded'))
    return new errors.ThrottledError('Too many requests; slow down and retry');
  const serverFault = '$fault' in error && error.$fault === 'server';
  const connection =
    'code' in error && ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT'].includes(String(error.code));
  if (OUTAGES.has(error.name) || serverFault || connection || reasons)
    return new errors.UnavailableError('A dependency is not available; retry');
  return undefined;
}

/**
 * Maps any error to the client's view of it. Unknown errors become a 500 without detail.
 * @param throttledAs the route's own code for a throttled request, if it has one
 */
export function toErrorAnswer(thrown: unknown, throttledAs?: RouteContract['throttledAs']): ErrorAnswer {
  const found = thrown instanceof errors.DomainError ? thrown : fromAwsError(thrown);
  const error =
    throttledAs && found instanceof errors.ThrottledError
      ? new errors.UnavailableError('Not written, after several tries; retry')
      : found;
  const entry = error && errorTable.find(([errorClass]) => error instanceof errorClass);
  if (!error || !entry) return { status: 500, code: 'Internal', message: 'Something went wrong on our side' };
  const code = entry[1];
  return {
    status: errorCodes[code],
    code,
    message: error.message,
    ...(error instanceof errors.ValidationFailedError && { issues: error.issues }),
    ...(error instanceof errors.VersionConflictError && { currentVersion: error.currentVersion }),
    ...(error instanceof errors.MethodNotAllowedError && { allow: error.allowed }),
    ...((code === 'Throttled' || code === 'Unavailable') && { retryAfterSeconds: 1 }),
  };
}
