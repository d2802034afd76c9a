import { CaseReading } from '../cases/case-reading.ts';
import type { Finding } from '../mining/types.ts';
import type { Miner } from '../mining/mine.ts';
import { canonicalPath } from '../mining/cases/windowed-path.ts';
import { storableFinding } from './lifecycle/storable-finding.ts';
import { WINDOW_DAYS, type Window, windowAt, type WindowCases } from '../cases/window-cases.ts';
import { ValidationFailedError } from '../shared/errors.ts';
import { assertNotAhead, type Clock } from '../shared/platform/clock.ts';
import type { Asserts, Condition } from '../mining/vocabulary.ts';

export interface Stated {
  readonly decisionType: string;
  readonly asserts: Asserts;
  readonly conditions: readonly Condition[];
  readonly asOf?: string;
  readonly windowDays?: number;
}

export interface Trial {
  readonly finding: Finding;
  readonly resolved: number;
  readonly asOf: string;
  readonly windowDays: number;
}

/** Decisions that one request reads, at most, so that it ends within API Gateway's 29 s. */
export const MAX_TRIAL_DECISIONS = 100_000;

/** Conditions with their paths in the one spelling that mining uses. */
export const canonical = (conditions: readonly Condition[], agentId: string): Condition[] =>
  conditions.map((condition) => ({ ...condition, path: canonicalPath(condition.path, agentId) }));

/** Tests a stated conjunction on the decisions of a window. Nothing is stored. */
export class PatternTrial {
  readonly #cases: WindowCases;
  readonly #clock: Clock;
  readonly #maxDecisions: number;

  constructor(cases: WindowCases, clock: Clock, maxDecisions = MAX_TRIAL_DECISIONS) {
    this.#cases = cases;
    this.#clock = clock;
    this.#maxDecisions = maxDecisions;
  }

  /** @throws ValidationFailedError when there is no resolved decision of the type in the window, or too many */
  async test(agentId: string, stated: Stated): Promise<Trial> {
    const now = this.#clock();
    assertNotAhead(now, stated.asOf, 'asOf');
    const { decisionType, asserts, asOf = now.toISOString(), windowDays = WINDOW_DAYS } = stated;
    const conditions = canonical(stated.conditions, agentId);
    const window = windowAt(asOf, windowDays);
    const { miner, resolved, complete } = await this.#read(agentId, decisionType, conditions, window);
    if (!complete)
      throw ValidationFailedError.at(
        'windowDays',
        `covers more than ${this.#maxDecisions} decisions; ask for fewer days`,
      );
    if (resolved === 0)
      throw ValidationFailedError.at('decisionType', 'has no decision with an outcome in the window');
    const [finding] = miner.test([{ asserts, conditions }]);
    return { finding: storableFinding(finding!), resolved, asOf, windowDays };
  }

  /** The same test without refusals. It takes the newest of too many decisions, and answers zeros for none. */
  async glance(
    agentId: string,
    stated: Pick<Stated, 'decisionType' | 'asserts' | 'conditions'>,
    asOf: string,
  ): Promise<Trial> {
    const { decisionType, asserts } = stated;
    const conditions = canonical(stated.conditions, agentId);
    const { miner, resolved } = await this.#read(agentId, decisionType, conditions, windowAt(asOf));
    const [finding] = miner.test([{ asserts, conditions }]);
    return { finding: storableFinding(finding!), resolved, asOf, windowDays: WINDOW_DAYS };
  }

  /** Reads the window, newest first, up to the limit. */
  async #read(
    agentId: string,
    decisionType: string,
    conditions: readonly Condition[],
    window: Window,
  ): Promise<{ readonly miner: Miner; readonly resolved: number; readonly complete: boolean }> {
    const paths = conditions.map(({ path }) => path);
    const reading = new CaseReading(this.#cases, agentId, window, paths, this.#maxDecisions);
    const read = await reading.read(decisionType, await reading.seen(), reading.asksOf(decisionType));
    await reading.readAsked();
    reading.complete(read);
    return { miner: read.miner, resolved: read.resolved, complete: !read.truncated };
  }
}
