import { DAY_MS } from '../../shared/platform/clock.ts';
import { type MemoryType, memoryTypes } from '../../shared/schema/memory-categories.ts';
import type { WordRules } from '../../shared/text/terms.ts';
import type { Memory } from '../memory.ts';
import { BestOf } from './best-of.ts';
import { questionTermsOf } from './date-words.ts';
import { type MemoryCollection, timeOf } from './memory-collection.ts';

export interface Boosts {
  readonly recency: boolean;
  readonly importance: boolean;
  readonly outcome: boolean;
}
export const allBoosts: Boosts = { recency: true, importance: true, outcome: true };

export interface RankingRules {
  readonly words?: WordRules;
  /** Weight of a word of the previous or the next turn of a conversation, against 1 for the turn itself. */
  readonly neighbours: { readonly previous: number; readonly next: number };
}

/** Found on the labelled questions of scripts/bench/search. */
export const defaultRankingRules: RankingRules = { neighbours: { previous: 0.8, next: 0.2 } };

/** Reciprocal rank fusion: Cormack, Clarke & Büttcher 2009, with their k. */
const RRF_K = 60;
/** Ranked hits of each kind that are fused. */
const FUSED = 200;
/** A cosine below it says that two texts have nothing to do with each other. */
const MIN_COSINE = 0.1;

/** The most that recency, importance and success add: enough to decide between equals. */
const RECENCY_BOOST = 0.1;
const RECENCY_HALF_LIFE_MS = 7 * DAY_MS;
const IMPORTANCE_BOOST = 0.1;
const OUTCOME_BOOST = 0.05;

/** Each term of a score: `score = base × recency × importance × outcome`. */
export interface Why {
  /** 0 to 1: with one ranking, the hit's share of its best score; with two, their reciprocal ranks' share of the most they can be. */
  readonly base: number;
  readonly lexical?: {
    readonly rank: number;
    /** BM25 of the memory itself, and by term (stemmed). */
    readonly score: number;
    readonly terms: Readonly<Record<string, number>>;
    /** Added by neighbouring turns of its conversation. */
    readonly neighbours: number;
  };
  readonly vector?: { readonly rank: number; readonly cosine: number };
  /** Factors; 1 where a boost is turned off. */
  readonly recency: number;
  readonly importance: number;
  readonly outcome: number;
}

export interface Hit {
  readonly memory: Memory;
  readonly score: number;
  readonly why: Why;
}

export interface Question {
  readonly query: string;
  /** Of unit length; absent: by words alone. */
  readonly vector?: Float32Array;
}

export interface RankingRequest {
  readonly topK: number;
  readonly boosts?: Partial<Boosts>;
  /** Only these may be found. @default all */
  readonly types?: readonly MemoryType[];
  /** And of those only these. What is refused is not ranked at all. */
  readonly isWanted: (memory: Memory) => boolean;
  readonly now: Date;
}

interface Candidate {
  readonly scores: CollectionScores;
  readonly slot: number;
  readonly memory: Memory;
  lexicalRank?: number;
  vectorRank?: number;
}

/** By slot. */
interface CollectionScores {
  readonly collection: MemoryCollection;
  /** BM25, with the scores that neighbouring turns lend. */
  readonly lexical: Float64Array;
  readonly cosines?: Float64Array;
}

/** Scores of every memory of some collections for a question. */
export interface Scores {
  readonly terms: readonly string[];
  readonly byCollection: readonly CollectionScores[];
}

const byId = (a: Candidate, b: Candidate): number => (a.memory.memoryId < b.memory.memoryId ? -1 : 1);

/** The `FUSED` memories with the largest values above a least one, in their order; only of what is wanted. */
function best(
  { byCollection }: Scores,
  valuesOf: (scores: CollectionScores) => Float64Array,
  above: number,
  { types, isWanted }: Pick<RankingRequest, 'types' | 'isWanted'>,
  candidates: Map<Memory, Candidate>,
): Candidate[] {
  const found = new BestOf<Candidate>(FUSED, byId);
  const isWantedType = memoryTypes.map((type) => !types || types.includes(type));
  for (const scores of byCollection) {
    const values = valuesOf(scores);
    const { memories, typeCodes } = scores.collection;
    for (let slot = 0; slot < values.length; slot++) {
      const value = values[slot]!;
      // Thousands get here, and few are wanted or good enough: the cheapest checks come first.
      if (value <= above || value < found.least || !isWantedType[typeCodes[slot]!]) continue;
      const memory = memories[slot];
      if (!memory || (value === found.least && memory.memoryId > found.worst!.memory.memoryId)) continue;
      if (isWanted(memory)) found.add(value, { scores, slot, memory });
    }
  }
  return found.inOrder().map((one) => {
    const candidate = candidates.get(one.memory) ?? one;
    candidates.set(one.memory, candidate);
    return candidate;
  });
}

/**
 * The best memories for a query over some collections, best first. Words by BM25, with neighbouring turns of a
 * conversation helping each other; embeddings by exact cosine; both fused by rank. How rare a word is depends on all
 * memories of a collection, whatever the filters.
 */
export const rank = (
  collections: readonly MemoryCollection[],
  { query, vector, ...request }: Question & RankingRequest,
  rules?: RankingRules,
): Hit[] => rankScored(scoresOf(collections, { query, ...(vector && { vector }) }, rules), request);

/** Asked once of the collections, a question can be answered for several filters. */
export function scoresOf(
  collections: readonly MemoryCollection[],
  { query, vector }: Question,
  rules: RankingRules = defaultRankingRules,
): Scores {
  const terms = questionTermsOf(query, rules.words);
  return {
    terms,
    byCollection: collections.map((collection) => ({
      collection,
      lexical: lexicalScores(collection, terms, rules),
      ...(vector && { cosines: collection.cosines(vector) }),
    })),
  };
}

export function rankScored(scores: Scores, request: RankingRequest): Hit[] {
  const { topK, now } = request;
  const candidates = new Map<Memory, Candidate>();
  const lexical = best(scores, (of) => of.lexical, 0, request, candidates);
  for (const [i, candidate] of lexical.entries()) candidate.lexicalRank = i + 1;
  const isFused = scores.byCollection.some(({ cosines }) => cosines);
  const semantic = isFused ? best(scores, (of) => of.cosines!, MIN_COSINE, request, candidates) : [];
  for (const [i, candidate] of semantic.entries()) candidate.vectorRank = i + 1;
  const top = lexical[0] ? lexicalOf(lexical[0]) : 1;
  const boosts = { ...allBoosts, ...request.boosts };
  const hits = new BestOf<Pick<Hit, 'score' | 'why'> & { readonly of: Candidate }>(topK, (a, b) =>
    byId(a.of, b.of),
  );
  for (const of of candidates.values()) {
    const base = isFused ? fused(of) : lexicalOf(of) / top;
    // As the score is multiplied, or rounding would drop one of equals.
    if (base * (1 + RECENCY_BOOST) * (1 + IMPORTANCE_BOOST) * (1 + OUTCOME_BOOST) < hits.least) continue;
    const factors = factorsOf(of.memory, boosts, now);
    const score = base * factors.recency * factors.importance * factors.outcome;
    hits.add(score, { of, score, why: { base, ...factors } });
  }
  return hits.inOrder().map(({ of, score, why }) => ({
    memory: of.memory,
    score,
    why: { ...explain(of, scores.terms), ...why },
  }));
}

const lexicalOf = ({ scores, slot }: Candidate): number => scores.lexical[slot]!;

function lexicalScores(
  collection: MemoryCollection,
  terms: readonly string[],
  { neighbours: { previous, next } }: RankingRules,
): Float64Array {
  const lexical = new Float64Array(collection.index.slots);
  collection.index.forEachTerm(terms, (parts, slots, count) => {
    /** Adds the scores that neighbouring turns lend to a turn. A word that it has itself is not counted again. */
    const lend = (slot: number): void => {
      const earlier = collection.earlierThan(slot);
      const later = collection.laterThan(slot);
      const lent = Math.max(
        earlier < 0 ? 0 : previous * parts[earlier]!,
        later < 0 ? 0 : next * parts[later]!,
      );
      if (lent > parts[slot]!) lexical[slot]! += lent - parts[slot]!;
    };
    for (let i = 0; i < count; i++) {
      const slot = slots[i]!;
      lexical[slot]! += parts[slot]!;
      const later = collection.laterThan(slot);
      if (later >= 0) lend(later);
      // One whose other neighbour has the word as well is lent to from there.
      const earlier = collection.earlierThan(slot);
      if (earlier < 0) continue;
      const before = collection.earlierThan(earlier);
      if (before < 0 || parts[before] === 0) lend(earlier);
    }
  });
  return lexical;
}

/** 1 for the first of both rankings. */
const fused = ({ lexicalRank, vectorRank }: Candidate): number =>
  ((lexicalRank ? 1 / (RRF_K + lexicalRank) : 0) + (vectorRank ? 1 / (RRF_K + vectorRank) : 0)) *
  ((RRF_K + 1) / 2);

function explain(candidate: Candidate, terms: readonly string[]): Pick<Why, 'lexical' | 'vector'> {
  const { scores, slot, lexicalRank, vectorRank } = candidate;
  const { collection, lexical, cosines } = scores;
  const own = collection.index.explain(terms, slot);
  return {
    ...(lexicalRank && {
      lexical: { rank: lexicalRank, ...own, neighbours: lexical[slot]! - own.score },
    }),
    ...(vectorRank && { vector: { rank: vectorRank, cosine: cosines![slot]! } }),
  };
}

function factorsOf(
  memory: Memory,
  boosts: Boosts,
  now: Date,
): Pick<Why, 'recency' | 'importance' | 'outcome'> {
  const age = Math.max(0, now.getTime() - Date.parse(lastTouched(memory)));
  return {
    recency: boosts.recency ? 1 + RECENCY_BOOST * 2 ** (-age / RECENCY_HALF_LIFE_MS) : 1,
    importance: boosts.importance ? 1 + IMPORTANCE_BOOST * memory.importance : 1,
    outcome: boosts.outcome && memory.outcome?.status === 'success' ? 1 + OUTCOME_BOOST : 1,
  };
}

/** An old message stored today is old: its own time counts, where it says one. */
const lastTouched = (memory: Memory): string =>
  memory.metadata?.['occurredAt'] === undefined ? memory.lastSeenAt : timeOf(memory);
