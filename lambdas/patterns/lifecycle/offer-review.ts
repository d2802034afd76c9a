import type { OfferedPattern, OfferedPatterns } from '../offered-patterns.ts';
import type { StandingStore } from '../standing-store.ts';
import { canonicalJson } from '../../shared/platform/ids.ts';
import type { Miner } from '../../mining/mine.ts';
import { advanceStandings, type OwnTest } from './offer-verdicts.ts';

/** Tests the patterns others offer an agent on the agent's own decisions. */
export class OfferReviews {
  readonly #offers: OfferedPatterns;
  readonly #standings: StandingStore;

  constructor(offers: OfferedPatterns, standings: StandingStore) {
    this.#offers = offers;
    this.#standings = standings;
  }

  /** What the agent is offered now; each type's decisions are shown to it while they are at hand. */
  async begin(agentId: string): Promise<OfferReview> {
    return new OfferReview(await this.#offers.to(agentId), this.#standings);
  }
}

export interface ReviewTask {
  readonly agentId: string;
  readonly runId: string;
  readonly asOf: string;
}

export class OfferReview {
  readonly #offers: readonly OfferedPattern[];
  readonly #standings: StandingStore;
  readonly #tests = new Map<OfferedPattern, OwnTest>();

  constructor(offers: readonly OfferedPattern[], standings: StandingStore) {
    this.#offers = offers;
    this.#standings = standings;
  }

  /** Patterns that are offered: what they stand for may age, so the agent has something to do each night. */
  get size(): number {
    return this.#offers.length;
  }

  /** Tests what is offered of one decision type, each alone, on everything the miner was given. */
  test(decisionType: string, miner: Miner, resolved: number): void {
    const offers = this.#offers.filter(({ pattern }) => pattern.decisionType === decisionType);
    if (offers.length === 0 || resolved === 0) return;
    const stated = offers.map(({ pattern: { asserts, conditions } }) => ({ asserts, conditions }));
    const agree = miner.test(stated);
    const oppose = miner.test(
      stated.map(({ asserts, conditions }) => ({
        asserts: asserts === 'success' ? ('failure' as const) : ('success' as const),
        conditions,
      })),
    );
    offers.forEach((offer, i) => {
      const { numbers } = agree[i]!;
      const other = oppose[i]!;
      this.#tests.set(offer, {
        ...untested(offer),
        resolved,
        n: numbers.n,
        successes: numbers.successes,
        rate: numbers.rate,
        baseline: numbers.baseline,
        lowerBound: numbers.confidence,
        pValue: numbers.pValue,
        opposite: {
          // Against the others alone: that the conditions do harm is enough, whichever of them does it.
          pValue: other.explain.comparisons[0]!.pValue,
          lowerBound: other.numbers.confidence,
          baseline: other.numbers.baseline,
        },
      });
    });
  }

  /** Stores what changed, one conditional write each: cut short, it is simply done again. */
  async save({ agentId, runId, asOf }: ReviewTask, minOccurrences: number): Promise<void> {
    if (this.#offers.length === 0) return;
    const changes = advanceStandings({
      agentId,
      runId,
      asOf,
      minOccurrences,
      tests: this.#offers.map((offer) => this.#tests.get(offer) ?? untested(offer)),
      before: await this.#standings.ofAgent(agentId),
    });
    for (const { after, before } of changes)
      if (canonicalJson(after) !== canonicalJson(before)) await this.#standings.save(after, before);
  }
}

const untested = ({ pattern }: OfferedPattern): OwnTest => ({
  owner: pattern.agentId,
  patternId: pattern.patternId,
  patternVersion: pattern.version,
  resolved: 0,
  n: 0,
  successes: 0,
  rate: 0,
  baseline: 0,
  lowerBound: 0,
  pValue: 1,
  opposite: { pValue: 1, lowerBound: 0, baseline: 0 },
});
