import type { Clock } from '../shared/platform/clock.ts';
import { type ErasedMarks, sessionMark } from './erased-marks.ts';
import type { ErasureRecord } from './erasure.ts';
import type { ErasureLedger } from './erasure-ledger.ts';
import type { ErasureStep, ErasureSteps } from './erasure-steps.ts';

/** Whoever still writes after so many looks has to be stopped first. */
const MAX_PASSES = 20;
/** Invocations of the worker: 24 hours of them. */
const MAX_INVOCATIONS = 120;

export type ErasingResult = 'ended' | 'out of time';

/**
 * Removes what there is, looks again, and ends when a whole pass has found nothing: that pass is the proof that
 * nothing is left. Whatever is written meanwhile is found by the next pass. It keeps no place: after a cut it begins
 * anew with what is left.
 */
export class Erasing {
  readonly #ledger: ErasureLedger;
  readonly #marks: ErasedMarks;
  readonly #steps: ErasureSteps;
  readonly #clock: Clock;

  constructor(ledger: ErasureLedger, marks: ErasedMarks, steps: ErasureSteps, clock: Clock) {
    this.#ledger = ledger;
    this.#marks = marks;
    this.#steps = steps;
    this.#clock = clock;
  }

  /** @param until when it has to stop and be called again */
  async run(erasureId: string, until: Date): Promise<ErasingResult> {
    const known = await this.#ledger.get(erasureId);
    if (!known || known.finishedAt !== undefined) return 'ended';
    const { invocations } = await this.#ledger.begin(erasureId);
    if (invocations > MAX_INVOCATIONS) return this.#giveUp(erasureId, 'It took a day and was not done');
    for (let pass = known.passes; pass < MAX_PASSES; pass++) {
      const found = await this.#pass(known, until);
      if (found === undefined) return 'out of time';
      await this.#ledger.countPass(erasureId);
      if (found > 0) continue;
      await this.#ledger.end(erasureId);
      return 'ended';
    }
    return this.#giveUp(erasureId, 'Something was found each time: stop who writes it, and ask again');
  }

  async #giveUp(erasureId: string, why: string): Promise<ErasingResult> {
    await this.#ledger.end(erasureId, why);
    return 'ended';
  }

  /** @returns how much it found; undefined when the time was over first */
  async #pass(record: ErasureRecord, until: Date): Promise<number | undefined> {
    const { erasureId } = record;
    let found = 0;
    for await (const step of await this.#stepsOf(record)) {
      found++;
      if (typeof step === 'number') await this.#ledger.countArchived(erasureId, step);
      else await this.#ledger.remove(erasureId, step);
      if (this.#clock() >= until) return undefined;
    }
    return found;
  }

  async #stepsOf({ erasureId, agentId, userId }: ErasureRecord): Promise<AsyncGenerator<ErasureStep>> {
    // Before anything is removed, and again with each pass: what expires meanwhile is not archived behind our back.
    if (agentId !== undefined) {
      await this.#marks.mark(agentId);
      const types = await this.#ledger.keepTypes(erasureId, await this.#steps.decisionTypes(agentId));
      return this.#steps.ofAgent(agentId, types);
    }
    const sessions = await this.#steps.sessionsOf(userId!);
    for (const session of sessions) await this.#marks.mark(sessionMark(session.agentId, session.sessionId));
    return this.#steps.ofUser(userId!, sessions);
  }
}
