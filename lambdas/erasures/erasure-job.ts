import type { Clock } from '../shared/platform/clock.ts';
import { type ErasedMarks, sessionMark } from '../shared/erased-marks.ts';
import { type ErasureRecord, settledAt } from './erasure.ts';
import type { ErasureLedger } from './erasure-ledger.ts';
import type { ErasureStep, ErasureSteps } from './erasure-steps.ts';

/** Whoever still writes after so many looks has to be stopped first. */
const MAX_PASSES = 20;
/** Invocations of the worker: 24 hours of them. */
const MAX_INVOCATIONS = 120;

export type ErasingResult = 'ended' | 'out of time';

/**
 * Removes what there is, waits until whoever had read it before can no longer write it back, looks again, and ends when
 * a whole pass after that has found nothing: that pass is the proof that nothing is left. Whatever was written meanwhile
 * is found by it, and removed. It keeps no place: after a cut it begins anew with what is left.
 */
export class Erasing {
  readonly #ledger: ErasureLedger;
  readonly #marks: ErasedMarks;
  readonly #steps: ErasureSteps;
  readonly #clock: Clock;
  readonly #sleep: (milliseconds: number) => Promise<void>;

  constructor(
    parts: { ledger: ErasureLedger; marks: ErasedMarks; steps: ErasureSteps },
    clock: Clock,
    sleep: (milliseconds: number) => Promise<void>,
  ) {
    this.#ledger = parts.ledger;
    this.#marks = parts.marks;
    this.#steps = parts.steps;
    this.#clock = clock;
    this.#sleep = sleep;
  }

  /** @param until when it has to stop and be called again */
  async run(erasureId: string, until: Date): Promise<ErasingResult> {
    const known = await this.#ledger.get(erasureId);
    if (!known || known.finishedAt !== undefined) return 'ended';
    let record = await this.#ledger.begin(erasureId);
    if (record.invocations > MAX_INVOCATIONS) return this.#end(record, 'It took a day and was not done');
    while (record.passes < MAX_PASSES) {
      if (record.passes > 0 && !(await this.#hasSettled(record, until))) return 'out of time';
      const startedAt = this.#clock();
      const steps = await this.#stepsOf(record);
      // After the marks: a worker that has not seen them belongs to a run that is seen here.
      if (await this.#steps.areRunsUnderWay()) record = await this.#ledger.noteRun(erasureId);
      const found = await this.#take(erasureId, steps, until);
      if (found === undefined) return 'out of time';
      record = await this.#ledger.countPass(erasureId);
      if (found === 0 && startedAt >= settledAt(record)) return this.#end(record);
    }
    return this.#end(record, 'Something was found each time: stop who writes it, and ask again');
  }

  async #end({ erasureId, agentId }: ErasureRecord, gaveUp?: string): Promise<ErasingResult> {
    if (agentId !== undefined) await this.#marks.end(agentId);
    await this.#ledger.end(erasureId, gaveUp);
    return 'ended';
  }

  /** @returns false when the time was over first */
  async #hasSettled(record: ErasureRecord, until: Date): Promise<boolean> {
    const now = this.#clock().getTime();
    const wait = Math.min(settledAt(record).getTime(), until.getTime()) - now;
    if (wait > 0) await this.#sleep(wait);
    return this.#clock() < until;
  }

  /** @returns how much there was; undefined when the time was over first */
  async #take(
    erasureId: string,
    steps: AsyncGenerator<ErasureStep>,
    until: Date,
  ): Promise<number | undefined> {
    let found = 0;
    for await (const step of steps) {
      found++;
      if (typeof step === 'number') await this.#ledger.countArchived(erasureId, step);
      else await this.#ledger.remove(erasureId, step);
      if (this.#clock() >= until) return undefined;
    }
    return found;
  }

  async #stepsOf({ erasureId, agentId, userId }: ErasureRecord): Promise<AsyncGenerator<ErasureStep>> {
    // Before anything is removed, and again with each pass: what expires meanwhile is not archived behind our back, and
    // no worker begins on the agent.
    if (agentId !== undefined) {
      await this.#marks.mark(agentId);
      const types = await this.#ledger.keepTypes(erasureId, await this.#steps.decisionTypes(agentId));
      return this.#steps.ofAgent(agentId, types);
    }
    const sessions = await this.#ledger.keepSessions(erasureId, await this.#steps.sessionsOf(userId!));
    for (const session of sessions) await this.#marks.mark(sessionMark(session.agentId, session.sessionId));
    return this.#steps.ofUser(userId!, sessions);
  }
}
