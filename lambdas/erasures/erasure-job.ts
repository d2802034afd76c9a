import type { ConsumedUnits } from '../shared/dynamodb/capacity-meter.ts';
import { type ErasedMarks, sessionMark } from '../shared/erased-marks.ts';
import { ThrottledError, UnavailableError } from '../shared/errors.ts';
import { type Clock, SECOND_MS } from '../shared/platform/clock.ts';
import { type ErasureRecord, settledAt } from './erasure.ts';
import type { ErasureLedger } from './erasure-ledger.ts';
import type { ErasureStep, ErasureSteps } from './erasure-steps.ts';
import type { WritePace } from './write-pace.ts';

/** A writer that is still at it after this many passes has to be stopped first. */
const MAX_PASSES = 20;
/** Invocations of the worker: 24 hours of them. */
const MAX_INVOCATIONS = 120;
/** Wait after DynamoDB stayed throttled, or unavailable, through all retries of a call. */
const OVERLOAD_PAUSE_MS = 30 * SECOND_MS;

export type ErasureJobResult = 'ended' | 'out of time';

export interface ErasureJobParts {
  readonly ledger: ErasureLedger;
  readonly marks: ErasedMarks;
  readonly steps: ErasureSteps;
  readonly clock: Clock;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly pace: WritePace;
  readonly consumed: () => ConsumedUnits;
}

/**
 * Removes what it finds, waits until no in-flight writer can write any of it back, and looks again. It ends when a whole
 * pass after that finds nothing: that pass is the proof that nothing is left. It also removes rows that were written in
 * the meantime. It keeps no position: after an interruption it starts over with what is left.
 */
export class ErasureJob {
  readonly #parts: ErasureJobParts;

  constructor(parts: ErasureJobParts) {
    this.#parts = parts;
  }

  /** @param until when it has to stop and be called again */
  async run(erasureId: string, until: Date): Promise<ErasureJobResult> {
    const { ledger } = this.#parts;
    const known = await ledger.get(erasureId);
    if (!known || known.finishedAt !== undefined) return 'ended';
    let record = await ledger.begin(erasureId);
    if (record.invocations > MAX_INVOCATIONS) return this.#end(record, 'It took a day and was not done');
    while (record.passes < MAX_PASSES) {
      if (record.passes > 0 && !(await this.#waitUntil(settledAt(record), until))) return 'out of time';
      try {
        const next = await this.#pass(record, until);
        if (typeof next === 'string') return next;
        record = next;
      } catch (error) {
        if (!(error instanceof ThrottledError || error instanceof UnavailableError)) throw error;
        const retryAt = new Date(this.#parts.clock().getTime() + OVERLOAD_PAUSE_MS);
        if (!(await this.#waitUntil(retryAt, until))) return 'out of time';
      }
    }
    return this.#end(record, 'Something was found each time: stop who writes it, and ask again');
  }

  /** Looks through everything once. @returns the record after it, when the erasure goes on in this invocation */
  async #pass(record: ErasureRecord, until: Date): Promise<ErasureRecord | ErasureJobResult> {
    const { ledger, steps, clock } = this.#parts;
    const { erasureId } = record;
    const startedAt = clock();
    const found = await this.#stepsOf(record);
    // After the marks: a worker that has not seen them belongs to a run that is seen here.
    if (await steps.isRunUnderWay()) await ledger.noteRun(erasureId);
    const count = await this.#take(erasureId, found, until);
    if (count === undefined) return 'out of time';
    const counted = await ledger.countPass(erasureId);
    return count === 0 && startedAt >= settledAt(counted) ? this.#end(counted) : counted;
  }

  async #end({ erasureId, agentId }: ErasureRecord, gaveUp?: string): Promise<ErasureJobResult> {
    if (agentId !== undefined) await this.#parts.marks.end(agentId);
    await this.#parts.ledger.end(erasureId, gaveUp);
    return 'ended';
  }

  /** @returns false when the time of this invocation was over first */
  async #waitUntil(time: Date, until: Date): Promise<boolean> {
    const { clock, sleep } = this.#parts;
    const wait = Math.min(time.getTime(), until.getTime()) - clock().getTime();
    if (wait > 0) await sleep(wait);
    return clock() < until;
  }

  /** @returns the number of steps there were; undefined when the time was over first */
  async #take(
    erasureId: string,
    steps: AsyncGenerator<ErasureStep>,
    until: Date,
  ): Promise<number | undefined> {
    const { ledger, clock, pace, consumed } = this.#parts;
    let found = 0;
    consumed();
    for await (const step of steps) {
      found++;
      if (typeof step === 'number') await ledger.countArchived(erasureId, step);
      else await ledger.remove(erasureId, step);
      if (clock() >= until) return undefined;
      await pace.spend(consumed().writeUnits);
    }
    return found;
  }

  /**
   * Marks are written before anything is removed, and again with each pass. So the archiver keeps nothing that expires
   * meanwhile, and no nightly worker begins on the agent.
   */
  async #stepsOf({ erasureId, agentId, userId }: ErasureRecord): Promise<AsyncGenerator<ErasureStep>> {
    const { ledger, marks, steps } = this.#parts;
    if (agentId !== undefined) {
      await marks.mark(agentId);
      const types = await ledger.keepTypes(erasureId, await steps.decisionTypes(agentId));
      return steps.ofAgent(agentId, types);
    }
    const sessions = await ledger.keepSessions(erasureId, await steps.sessionsOf(userId!));
    for (const session of sessions) await marks.mark(sessionMark(session.agentId, session.sessionId));
    return steps.ofUser(userId!, sessions);
  }
}
