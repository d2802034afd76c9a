import { DAY_MS } from '../../shared/platform/clock.ts';
import type { Memory } from '../memory.ts';
import { type MemoryCollection, timeOf } from './memory-collection.ts';
import { termsOf, type WordRules } from './words.ts';

export interface Boosts {
  readonly recency: boolean;
  readonly importance: boolean;
  readonly outcome: boolean;
}
export const allBoosts: Boosts = { recency: true, importance: true, outcome: true };

export interface RankingRules {
  readonly words?: WordRules;
  /** What a word of the previous or the next turn of a conversation is worth, against one of the turn itself. */
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

/** What the newest, the most important and the successful gain at most: enough to decide between equals. */
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
    /** What neighbouring turns of its conversation add. */
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

export interface RankingRequest {
  readonly query: string;
  /** Of unit length; absent: by words alone. */
  readonly vector?: Float32Array;
  readonly topK: number;
  readonly boosts?: Partial<Boosts>;
  /** What may be found. What it refuses is not ranked at all. */
  readonly isWanted: (memory: Memory) => boolean;
  readonly now: Date;
}

interface Candidate {
  readonly collection: MemoryCollection;
  readonly slot: number;
  readonly memory: Memory;
  readonly own: number;
  readonly neighbours: number;
  readonly cosine: number;
  lexicalRank?: number;
  vectorRank?: number;
}

/** Scores by slot. */
interface Scored {
  readonly collection: MemoryCollection;
  readonly own: Float64Array;
  readonly fromNeighbours: Float64Array;
  readonly cosines: Float64Array;
}

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/** The value that the n-th largest of some has; of fewer, the least. */
function nthLargest(values: readonly number[], n: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, sorted.length - n)] ?? 0;
}

/**
 * The `FUSED` memories with the largest values, in their order, those of equal value by id; only of what is wanted.
 */
function best(
  scored: readonly Scored[],
  valueOf: (scores: Scored, slot: number) => number,
  isWanted: (memory: Memory) => boolean,
  candidates: Map<Memory, Candidate>,
): Candidate[] {
  const found: { scores: Scored; slot: number; memory: Memory; value: number }[] = [];
  for (const scores of scored) {
    const { memories } = scores.collection;
    for (let slot = 0; slot < memories.length; slot++) {
      const value = valueOf(scores, slot);
      const memory = memories[slot];
      if (value > 0 && memory && isWanted(memory)) found.push({ scores, slot, memory, value });
    }
  }
  const least = nthLargest(
    found.map(({ value }) => value),
    FUSED,
  );
  return found
    .filter(({ value }) => value >= least)
    .sort((a, b) => b.value - a.value || (a.memory.memoryId < b.memory.memoryId ? -1 : 1))
    .slice(0, FUSED)
    .map(({ scores: { collection, own, fromNeighbours, cosines }, slot, memory }) => {
      const candidate = candidates.get(memory) ?? {
        collection,
        slot,
        memory,
        own: own[slot]!,
        neighbours: fromNeighbours[slot]!,
        cosine: cosines[slot] ?? 0,
      };
      candidates.set(memory, candidate);
      return candidate;
    });
}

/**
 * The best memories for a query over some collections, best first. Words by BM25, with neighbouring turns of a
 * conversation helping each other; embeddings by exact cosine; both fused by rank. How rare a word is depends on all
 * memories of a collection, whatever the filters.
 */
export function rank(
  collections: readonly MemoryCollection[],
  request: RankingRequest,
  rules: RankingRules = defaultRankingRules,
): Hit[] {
  const { query, vector, topK, now, isWanted } = request;
  const terms = termsOf(query, rules.words);
  const scored = collections.map((collection) => score(collection, terms, vector, rules));
  const candidates = new Map<Memory, Candidate>();
  const lexical = best(
    scored,
    ({ own, fromNeighbours }, slot) => own[slot]! + fromNeighbours[slot]!,
    isWanted,
    candidates,
  );
  for (const [i, candidate] of lexical.entries()) candidate.lexicalRank = i + 1;
  const semantic = vector
    ? best(scored, ({ cosines }, slot) => cosines[slot]! - MIN_COSINE, isWanted, candidates)
    : [];
  for (const [i, candidate] of semantic.entries()) candidate.vectorRank = i + 1;
  const top = lexical[0] ? lexical[0].own + lexical[0].neighbours : 1;
  const boosts = { ...allBoosts, ...request.boosts };
  return [...candidates.values()]
    .map((candidate) => {
      const base = vector ? fused(candidate) : (candidate.own + candidate.neighbours) / top;
      return { candidate, base, ...factorsOf(candidate.memory, boosts, now) };
    })
    .map((hit) => ({ ...hit, score: hit.base * hit.recency * hit.importance * hit.outcome }))
    .sort((a, b) => b.score - a.score || (a.candidate.memory.memoryId < b.candidate.memory.memoryId ? -1 : 1))
    .slice(0, topK)
    .map(({ candidate, score, ...factors }) => ({
      memory: candidate.memory,
      score,
      why: { ...explain(candidate, terms), ...factors },
    }));
}

function score(
  collection: MemoryCollection,
  terms: readonly string[],
  vector: Float32Array | undefined,
  { neighbours: { previous, next } }: RankingRules,
): Scored {
  const { slots } = collection.index;
  const own = new Float64Array(slots);
  const fromNeighbours = new Float64Array(slots);
  const lent = new Float64Array(slots);
  collection.index.forEachTerm(terms, (parts) => {
    for (let slot = 0; slot < slots; slot++) own[slot]! += parts[slot]!;
    if (previous === 0 && next === 0) return;
    collection.forEachPair((earlier, later) => {
      lent[later] = Math.max(lent[later]!, previous * parts[earlier]!);
      lent[earlier] = Math.max(lent[earlier]!, next * parts[later]!);
    });
    // A word that a turn has itself is not counted again for its neighbours.
    for (let slot = 0; slot < slots; slot++) fromNeighbours[slot]! += Math.max(0, lent[slot]! - parts[slot]!);
    lent.fill(0);
  });
  const cosines = new Float64Array(vector ? own.length : 0);
  if (vector)
    for (const [slot, memory] of collection.memories.entries())
      if (memory?.vector?.length === vector.length)
        // Lengths are rounded to 32 bits: a cosine must not be more than 1 for that.
        cosines[slot] = Math.min(1, dot(memory.vector, vector));
  return { collection, own, fromNeighbours, cosines };
}

/** 1 for the first of both rankings. */
const fused = ({ lexicalRank, vectorRank }: Candidate): number =>
  ((lexicalRank ? 1 / (RRF_K + lexicalRank) : 0) + (vectorRank ? 1 / (RRF_K + vectorRank) : 0)) *
  ((RRF_K + 1) / 2);

function explain(candidate: Candidate, terms: readonly string[]): Pick<Why, 'lexical' | 'vector'> {
  const { collection, slot, own, neighbours, cosine, lexicalRank, vectorRank } = candidate;
  return {
    ...(lexicalRank && {
      lexical: { rank: lexicalRank, score: own, terms: collection.index.explain(terms, slot), neighbours },
    }),
    ...(vectorRank && { vector: { rank: vectorRank, cosine } }),
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

/** What it tells of may be older than the row: an old message stored today is old. */
const lastTouched = (memory: Memory): string =>
  memory.metadata?.['occurredAt'] === undefined ? memory.lastSeenAt : timeOf(memory);
