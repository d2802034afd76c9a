import type { ExposureLog } from '../exposures/exposure-log.ts';
import type { RandomPart } from '../shared/platform/ids.ts';
import type { PatternSummary } from './pattern-catalog.ts';
import type { PatternMatching, Situation } from './pattern-matching.ts';

export interface OfferRequest extends Situation {
  /** Whether what is shown is recorded, for decisions to name. @default true */
  readonly record?: boolean;
}

export interface Offer {
  readonly patterns: readonly PatternSummary[];
  /** Null when nothing was shown, or the agent is only looking: then there is nothing to name. */
  readonly exposureId: string | null;
}

/** Shows an agent what applies to its situation, and remembers that it was shown (one write, see ExposureLog). */
export class PatternOffers {
  readonly #matching: PatternMatching;
  readonly #exposures: ExposureLog;
  readonly #randomPart: RandomPart;

  constructor(matching: PatternMatching, exposures: ExposureLog, randomPart: RandomPart) {
    this.#matching = matching;
    this.#exposures = exposures;
    this.#randomPart = randomPart;
  }

  async offer(agentId: string, { record = true, ...situation }: OfferRequest): Promise<Offer> {
    const patterns = await this.#matching.match(agentId, situation);
    if (!record || patterns.length === 0) return { patterns, exposureId: null };
    const { exposureId } = await this.#exposures.record(agentId, 'match', patterns, this.#randomPart);
    return { patterns, exposureId };
  }
}
