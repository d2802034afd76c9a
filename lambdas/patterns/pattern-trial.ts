import { createMiner } from '../consolidation/mining/mine.ts';
import type { Finding, Miner } from '../consolidation/mining/types.ts';
import { storableFinding } from '../consolidation/storable-finding.ts';
import { WINDOW_DAYS, type Window, windowAt, type WindowCases } from '../consolidation/window-cases.ts';
import { ValidationFailedError } from '../shared/errors.ts';
import { assertNotAhead, type Clock } from '../shared/platform/clock.ts';
import { sha256 } from '../shared/platform/ids.ts';
import type { Asserts, Condition } from './pattern.ts';

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

/** Decisions one request reads, so that it ends within API Gateway's 29 s. */
export const MAX_TRIAL_DECISIONS = 100_000;

/** A conjunction somebody names, tested on the decisions there are. Nothing is stored. */
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
    const { decisionType, asserts, conditions, asOf = now.toISOString(), windowDays = WINDOW_DAYS } = stated;
    const window = windowAt(asOf, windowDays);
    const { miner, resolved, complete } = await this.#read(agentId, decisionType, window);
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

  /** The same without a refusal: of too many decisions the newest, of none zeros. */
  async glance(
    agentId: string,
    { decisionType, asserts, conditions }: Pick<Stated, 'decisionType' | 'asserts' | 'conditions'>,
    asOf: string,
  ): Promise<Trial> {
    const { miner, resolved } = await this.#read(agentId, decisionType, windowAt(asOf));
    const [finding] = miner.test([{ asserts, conditions }]);
    return { finding: storableFinding(finding!), resolved, asOf, windowDays: WINDOW_DAYS };
  }

  /** Newest first, up to the limit. */
  async #read(
    agentId: string,
    decisionType: string,
    window: Window,
  ): Promise<{ readonly miner: Miner; readonly resolved: number; readonly complete: boolean }> {
    const settings = this.#cases.settings;
    const miner = createMiner({ agentId, decisionType, settings, hash: sha256 });
    const seen = await this.#cases.seenIn(agentId, window);
    let read = 0;
    let resolved = 0;
    for await (const page of this.#cases.pages(agentId, decisionType, window)) {
      for (const decision of page.decisions) {
        if (++read > this.#maxDecisions) return { miner, resolved, complete: false };
        const resolvedCase = this.#cases.caseOf(decision, seen, window.until);
        if (!resolvedCase) continue;
        resolved++;
        miner.add(resolvedCase);
      }
    }
    return { miner, resolved, complete: true };
  }
}
