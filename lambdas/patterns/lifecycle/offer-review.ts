import type { OfferedPattern, OfferedPatterns } from '../offered-patterns.ts';
import type { OfferVerdictStore } from '../offer-verdict-store.ts';
import { canonicalJson } from '../../shared/platform/ids.ts';
import type { Miner } from '../../mining/mine.ts';
import { advanceOfferVerdicts, type OwnTest } from './offer-verdicts.ts';

/** Tests the patterns that others offer an agent on the agent's own decisions. */
export class OfferReviews {
  readonly #offers: OfferedPatterns;
  readonly #verdicts: OfferVerdictStore;

  constructor(offers: OfferedPatterns, verdicts: OfferVerdictStore) {
    this.#offers = offers;
    this.#verdicts = verdicts;
  }

  /** Begins a review of the current offers. Then call `test` for each type while its decisions are in memory. */
  async begin(agentId: string): Promise<OfferReview> {
    return new OfferReview(await this.#offers.offersTo(agentId), this.#verdicts);
  }
}

export interface ReviewTask {
  readonly agentId: string;
  readonly runId: string;
  readonly asOf: string;
}

export class OfferReview {
  readonly #offers: readonly OfferedPattern[];
  readonly #verdicts: OfferVerdictStore;
  readonly #tests = new Map<OfferedPattern, OwnTest>();

  constructor(offers: readonly OfferedPattern[], verdicts: OfferVerdictStore) {
    this.#offers = offers;
    this.#verdicts = verdicts;
  }

  /** Number of offers. Their verdicts may change, so an agent with offers has work each night. */
  get size(): number {
    return this.#offers.length;
  }

  /** Tests the offers for one decision type, each alone, on all cases of the miner. */
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
          // Compared only with all others: it is enough that the conditions do harm, whichever of them does it.
          pValue: other.explain.comparisons[0]!.pValue,
          lowerBound: other.numbers.confidence,
          baseline: other.numbers.baseline,
        },
      });
    });
  }

  /** Stores the changed verdicts, one conditional write each. A save that was cut short is simply repeated. */
  async save({ agentId, runId, asOf }: ReviewTask, minOccurrences: number): Promise<void> {
    if (this.#offers.length === 0) return;
    const changes = advanceOfferVerdicts({
      agentId,
      runId,
      asOf,
      minOccurrences,
      tests: this.#offers.map((offer) => this.#tests.get(offer) ?? untested(offer)),
      before: await this.#verdicts.ofAgent(agentId),
    });
    for (const { after, before } of changes)
      if (canonicalJson(after) !== canonicalJson(before)) await this.#verdicts.save(after, before);
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
