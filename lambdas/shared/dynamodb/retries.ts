import { setTimeout as sleep } from 'node:timers/promises';
import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';
import { ThrottledError, UnavailableError } from '../errors.ts';
import { type InvocationDeadline, LEAST_CALL_MS } from '../platform/invocation-deadline.ts';

/** Tries of one call in a request: their pauses add up to 3.1 s at most, and to half of that on average. */
const TRIES = 6;
/** Tries in the background, where a throttled table is waited for: 28 s of pauses at most. */
const PATIENT_TRIES = 10;
/** An invocation with more time than this answers no request. */
const PATIENT_MS = 30_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A call that hangs is cut off well before API Gateway's 29 s. */
const CALL_MS = 5_000;

type Reason = { readonly Code?: string };
type SdkError = Parameters<typeof isThrottlingError>[0];

/** Reasons to cancel a transaction that say nothing about its conditions. The SDK does not send such a one again. */
const CONTENTION = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

const codesOf = (error: Error): string[] =>
  'CancellationReasons' in error
    ? (error.CancellationReasons as readonly Reason[]).flatMap(({ Code }) =>
        Code && Code !== 'None' ? [Code] : [],
      )
    : [];

type Trouble = 'throttled' | 'unavailable';

/** Kind of an error after which the same call may succeed. Undefined when it would fail again. */
function troubleOf(error: Error): Trouble | undefined {
  const codes = codesOf(error);
  if (codes.length > 0) {
    if (!codes.every((code) => CONTENTION.has(code))) return undefined;
    return codes.every((code) => code === 'TransactionConflict') ? 'unavailable' : 'throttled';
  }
  const sdkError = error as SdkError;
  if (error.name === 'TransactionInProgressException' || error.name === 'TransactionConflictException')
    return 'unavailable';
  if (isThrottlingError(sdkError)) return 'throttled';
  return isTransientError(sdkError) || isServerError(sdkError) || isServerFault(error)
    ? 'unavailable'
    : undefined;
}

const isServerFault = (error: Error): boolean => '$fault' in error && error.$fault === 'server';

const errorOf = (trouble: Trouble, cause: unknown): Error =>
  trouble === 'throttled'
    ? new ThrottledError('Too many requests; slow down and retry', { cause })
    : new UnavailableError('A dependency is not available; retry', { cause });

/** The part of the invocation's deadline that retries need. */
export type Deadline = Pick<InvocationDeadline, 'remainingMs' | 'allows'>;

/** Waits before the next try, with full jitter. @returns false, at once, where there is no next try */
async function paused(deadline: Deadline, tries: number): Promise<boolean> {
  const most = deadline.remainingMs() > PATIENT_MS ? PATIENT_TRIES : TRIES;
  const pause = Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
  if (tries >= most || !deadline.allows(pause)) return false;
  await sleep(pause);
  return true;
}

/**
 * Sends a call until it succeeds, with full jitter between tries, for as long as the invocation has time. The clients
 * themselves do not retry: their pauses know nothing of the invocation's end.
 *
 * @param call is given the milliseconds it may take; sent again, it must do the same once
 * @throws ThrottledError or UnavailableError when tries or time ran out; any other error at once
 */
export async function withRetries<Answer>(
  deadline: Deadline,
  call: (requestTimeout: number) => Promise<Answer>,
): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      return await call(Math.max(LEAST_CALL_MS, Math.min(CALL_MS, deadline.remainingMs())));
    } catch (error) {
      const trouble = error instanceof Error ? troubleOf(error) : undefined;
      if (!trouble) throw error;
      if (!(await paused(deadline, tries))) throw errorOf(trouble, error);
    }
  }
}

/**
 * Sends what a batch left undone again, likewise. @param send answers with what is left
 * @throws ThrottledError when something is still left at the end
 */
export async function untilDone<Part>(
  deadline: Deadline,
  parts: readonly Part[],
  send: (parts: readonly Part[]) => Promise<readonly Part[]>,
): Promise<void> {
  let left = parts;
  for (let tries = 1; ; tries++) {
    left = await send(left);
    if (left.length === 0) return;
    if (!(await paused(deadline, tries)))
      throw errorOf('throttled', new Error(`${left.length} left unprocessed`));
  }
}
