import { type ExposureLog, versionsOf } from '../exposures/exposure-log.ts';
import type { RandomPart } from '../shared/platform/ids.ts';
import type { Matched, PatternMatching, Situation } from './pattern-matching.ts';

export interface ShowRequest extends Situation {
  /** True to record the patterns shown, so that decisions can name them. @default true */
  readonly record?: boolean;
}

export interface Shown {
  readonly patterns: readonly Matched[];
  /** Null when nothing was shown or recorded. */
  readonly exposureId: string | null;
}

/** Shows an agent the patterns that apply to its situation, and records that (one write, see ExposureLog). */
export class ShownPatterns {
  readonly #matching: PatternMatching;
  readonly #exposures: ExposureLog;
  readonly #randomPart: RandomPart;

  constructor(matching: PatternMatching, exposures: ExposureLog, randomPart: RandomPart) {
    this.#matching = matching;
    this.#exposures = exposures;
    this.#randomPart = randomPart;
  }

  async show(agentId: string, { record = true, ...situation }: ShowRequest): Promise<Shown> {
    const patterns = await this.#matching.match(agentId, situation);
    if (!record || patterns.length === 0) return { patterns, exposureId: null };
    const shown = { patterns: versionsOf(patterns) };
    const { exposureId } = await this.#exposures.record(agentId, 'match', shown, this.#randomPart);
    return { patterns, exposureId };
  }
}
