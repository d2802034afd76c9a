import type { MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';

/** Reserved at the end of an invocation, so that it can still answer after its last retry. */
const ANSWER_MS = 1_500;

/** A call with less time than this is not begun. */
export const LEAST_CALL_MS = 50;

/**
 * When the current invocation must have its answer. Lambda runs one invocation of an instance at a time, so an
 * instance has one deadline; the local service may run several at once, and then the newest one counts.
 */
export class InvocationDeadline {
  #until = Infinity;

  /** @param remainingMs of the invocation, as Lambda's context says */
  start(remainingMs: number): void {
    this.#until = Date.now() + remainingMs - ANSWER_MS;
  }

  /** Milliseconds left for work; `Infinity` outside an invocation, below 0 when there are none. */
  remainingMs(): number {
    return this.#until - Date.now();
  }

  /** True when there is time for a pause and a call after it. */
  allows(pauseMs: number): boolean {
    return pauseMs + LEAST_CALL_MS <= this.remainingMs();
  }

  /** Starts the deadline with each invocation. */
  middleware(): MiddlewareObj<unknown, unknown> {
    return { before: ({ context }) => this.start((context as Context).getRemainingTimeInMillis()) };
  }
}
