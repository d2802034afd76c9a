import { sequencesAmong } from '../consolidation/agent-past.ts';
import { CaseReading } from '../consolidation/case-reading.ts';
import type { Finding } from '../consolidation/mining/types.ts';
import { canonicalPath, type SequencePath } from '../consolidation/mining/windowed-path.ts';
import { storableFinding } from '../consolidation/storable-finding.ts';
import { WINDOW_DAYS, windowAt, type WindowCases } from '../consolidation/window-cases.ts';
import { ValidationFailedError } from '../shared/errors.ts';
import { assertNotAhead, type Clock } from '../shared/platform/clock.ts';
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
    const { decisionType, asserts, asOf = now.toISOString(), windowDays = WINDOW_DAYS } = stated;
    const conditions = stated.conditions.map((condition) => ({
      ...condition,
      path: canonicalPath(condition.path, agentId),
    }));
    const window = windowAt(asOf, windowDays);
    const paths = conditions.map(({ path }) => path);
    const reading = new CaseReading(this.#cases, agentId, window, paths, this.#maxDecisions);
    const sequences = sequencesAmong(paths);
    const own = sequences.filter((path) => path.agentId === undefined);
    const typesOf = (paths: readonly SequencePath[]) => [...new Set(paths.map((path) => path.decisionType))];
    const read = await reading.read(decisionType, await reading.seen(), typesOf(own).includes(decisionType));
    if (read.truncated)
      throw ValidationFailedError.at(
        'windowDays',
        `covers more than ${this.#maxDecisions} decisions; ask for fewer days`,
      );
    await reading.readOwn(typesOf(own));
    await reading.readOthers(async (other) => typesOf(sequences.filter((path) => path.agentId === other)));
    reading.complete(read);
    const { miner, resolved } = read;
    if (resolved === 0)
      throw ValidationFailedError.at('decisionType', 'has no decision with an outcome in the window');
    const [finding] = miner.test([{ asserts, conditions }]);
    return { finding: storableFinding(finding!), resolved, asOf, windowDays };
  }
}
