import { DAY_MS } from '../shared/platform/clock.ts';

/** How something that is remembered ended. */
export type Ending = 'success' | 'failure' | 'unknown';

/** Something that may be worth showing. */
export interface Candidate {
  readonly terms: ReadonlySet<string>;
  /** `path=value` of its context: what a situation is compared with, besides its words. */
  readonly features: ReadonlySet<string>;
  readonly timestamp: string;
  /** How many ended so; one memory or decision, or several that are the same. */
  readonly endings: Readonly<Record<Ending, number>>;
  /** How relevant its own search found it, 0 to 1, where one did: words are not all there is to find by. */
  readonly found?: number;
}

/** What is asked: words, and features of now. */
export interface Need {
  readonly terms: ReadonlySet<string>;
  readonly features: ReadonlySet<string>;
}

/** Why something ranks where it does: the three factors, each 0 to 1, and their product. */
export interface Score {
  readonly score: number;
  readonly relevance: number;
  readonly recency: number;
  readonly outcome: number;
}

/** What is relevant is at most so old. */
export const RELEVANT_DAYS = 7;

/**
 * A success to repeat counts most; a failure nearly as much, because it is to be avoided; what nobody knows the end of
 * says least.
 */
export const OUTCOME_WEIGHTS: Readonly<Record<Ending, number>> = { success: 1, failure: 0.8, unknown: 0.5 };

/** A feature that is the same says more than a word that occurs. */
const FEATURE_WEIGHT = 2;
/** Records counted as lacking a word besides the candidates: those were found by words, and few of few is not rare. */
const BACKGROUND = 20;
/** What is below this share of the best is there by accident. */
const LEAST_OF_BEST = 0.15;

/** Half at the end of the window: what fits better is shown, however old. */
const recencyOf = (timestamp: string, now: Date): number =>
  0.5 ** Math.min(1, Math.max(0, now.getTime() - Date.parse(timestamp)) / (RELEVANT_DAYS * DAY_MS));

function outcomeOf(endings: Candidate['endings']): number {
  const all = endings.success + endings.failure + endings.unknown;
  return (['success', 'failure', 'unknown'] as const).reduce(
    (sum, ending) => sum + (OUTCOME_WEIGHTS[ending] * endings[ending]) / all,
    0,
  );
}

/**
 * Ranks candidates by relevance × recency × outcome, best first, ties by the newer.
 *
 * Relevance is the share of what is asked that a candidate has, each word or feature weighted by how rare it is among
 * the candidates (inverse document frequency, ln(1 + (N − n + ½)/(n + ½)) as in BM25): the number of a reservation says
 * more than the word "reservation". It counts an occurrence once, and not how long a record is: records are short, and
 * context is repetitive. Where a search found the candidate, its own relevance counts if it is higher. Whoever asks for
 * nothing gets what is newest.
 *
 * Costs one set lookup for each word asked and candidate.
 * @see Robertson, Zaragoza (2009), "The Probabilistic Relevance Framework: BM25 and Beyond", 3.3, for the weight
 */
export function rank<C extends Candidate>(
  candidates: readonly C[],
  need: Need,
  now: Date,
): (Score & { readonly of: C })[] {
  const asked = [
    ...[...need.terms].map((name) => ({ name, of: 'terms' as const, weight: 1 })),
    ...[...need.features].map((name) => ({ name, of: 'features' as const, weight: FEATURE_WEIGHT })),
  ].map(({ name, of, weight }) => {
    const n = candidates.reduce((sum, candidate) => sum + (candidate[of].has(name) ? 1 : 0), 0);
    const rarity = Math.log(1 + (BACKGROUND + candidates.length - n + 0.5) / (n + 0.5));
    // Nobody has it: then it cannot tell them apart, and should not make them all look irrelevant.
    return { name, of, weight: n === 0 ? 0 : weight * rarity };
  });
  const total = asked.reduce((sum, { weight }) => sum + weight, 0);
  const relevanceOf = (candidate: C): number => {
    if (asked.length === 0) return 1;
    const shared = asked.reduce(
      (sum, { name, of, weight }) => sum + (candidate[of].has(name) ? weight : 0),
      0,
    );
    return Math.max(total > 0 ? shared / total : 0, candidate.found ?? 0);
  };
  const scored = candidates
    .map((of) => {
      const relevance = relevanceOf(of);
      const recency = recencyOf(of.timestamp, now);
      const outcome = outcomeOf(of.endings);
      return { of, score: relevance * recency * outcome, relevance, recency, outcome };
    })
    .filter(({ relevance }) => relevance > 0)
    .sort((a, b) => b.score - a.score || (a.of.timestamp < b.of.timestamp ? 1 : -1));
  const best = Math.max(0, ...scored.map(({ relevance }) => relevance));
  return scored.filter(({ relevance }) => relevance >= LEAST_OF_BEST * best);
}
