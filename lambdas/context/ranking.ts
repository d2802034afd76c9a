import { DAY_MS } from '../shared/platform/clock.ts';

/** How a remembered decision or event ended. */
export type Ending = 'success' | 'failure' | 'unknown';

/** A record that may be worth showing. */
export interface Candidate {
  readonly terms: ReadonlySet<string>;
  /** `path=value` of its context. A situation is compared with them, besides the words. */
  readonly features: ReadonlySet<string>;
  readonly timestamp: string;
  /** How many ended so: of one memory or decision, or of several equal ones. */
  readonly endings: Readonly<Record<Ending, number>>;
  /** Relevance from its own search, 0 to 1, where a search found it: vectors find what words do not. */
  readonly found?: number;
}

/** The words asked, and the features of the current situation. */
export interface Need {
  readonly terms: ReadonlySet<string>;
  readonly features: ReadonlySet<string>;
}

/** Why a record ranks where it does: three factors, each 0 to 1, and their product. */
export interface Score {
  readonly score: number;
  readonly relevance: number;
  readonly recency: number;
  readonly outcome: number;
}

/** Events older than this are not relevant. */
export const RELEVANT_DAYS = 7;

/** A success to repeat counts most. A failure to avoid counts nearly as much. An unknown end says least. */
export const OUTCOME_WEIGHTS: Readonly<Record<Ending, number>> = { success: 1, failure: 0.8, unknown: 0.5 };

/** An equal feature says more than a shared word. */
const FEATURE_WEIGHT = 2;
/** Records counted as lacking a word, besides the candidates. Few candidates alone would make no word rare. */
const BACKGROUND = 20;
/** Relevance below this share of the best is accidental. */
const LEAST_OF_BEST = 0.15;

/** It halves over the window, no more: a better match is shown at any age. */
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
 * Relevance is the share of the words and features asked that a candidate has. Each is weighted by its rarity among the
 * candidates (inverse document frequency, ln(1 + (N − n + ½)/(n + ½)) as in BM25): the number of a reservation says more
 * than the word "reservation". Repeats of a word and the length of a record do not count: records are short, and
 * contexts are repetitive. Where a search found the candidate, the search's relevance counts if it is higher. An empty
 * question gets the newest.
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
    // A word that no candidate has cannot tell them apart, and must not make them all look irrelevant.
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
