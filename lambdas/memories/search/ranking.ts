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
  /** How much of the previous and the next turn's score a turn of a conversation has beside its own. */
  readonly neighbours: { readonly previous: number; readonly next: number };
}

/** Found on the labelled questions of scripts/bench/search. */
export const defaultRankingRules: RankingRules = { neighbours: { previous: 0.4, next: 0.2 } };

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
  own: number;
  neighbours: number;
  cosine: number;
  lexicalRank?: number;
  vectorRank?: number;
  base: number;
}

const dot = (a: Float32Array, b: Float32Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/** The candidates with the largest values, those of equal value by id. */
const best = (candidates: readonly Candidate[], valueOf: (candidate: Candidate) => number): Candidate[] =>
  candidates
    .filter((candidate) => valueOf(candidate) > 0)
    .sort((a, b) => valueOf(b) - valueOf(a) || (a.memory.memoryId < b.memory.memoryId ? -1 : 1));

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
  const { query, vector, topK, now } = request;
  const terms = termsOf(query, rules.words);
  const candidates = collections.flatMap((collection) => candidatesOf(collection, terms, request, rules));
  const lexical = best(candidates, ({ own, neighbours }) => own + neighbours);
  for (const [i, candidate] of lexical.entries()) candidate.lexicalRank = i + 1;
  const semantic = vector ? best(candidates, ({ cosine }) => cosine - MIN_COSINE) : [];
  for (const [i, candidate] of semantic.entries()) candidate.vectorRank = i + 1;
  const found = [...new Set([...lexical.slice(0, FUSED), ...semantic.slice(0, FUSED)])];
  const top = lexical[0] ? lexical[0].own + lexical[0].neighbours : 1;
  for (const candidate of found)
    candidate.base = vector ? fused(candidate) : (candidate.own + candidate.neighbours) / top;
  return found
    .map((candidate) => toHit(candidate, terms, { ...allBoosts, ...request.boosts }, now))
    .sort((a, b) => b.score - a.score || (a.memory.memoryId < b.memory.memoryId ? -1 : 1))
    .slice(0, topK);
}

function candidatesOf(
  collection: MemoryCollection,
  terms: readonly string[],
  { vector, isWanted }: RankingRequest,
  { neighbours: { previous, next } }: RankingRules,
): Candidate[] {
  const own = collection.index.score(terms);
  const fromNeighbours = new Float64Array(own.length);
  if (previous > 0 || next > 0)
    collection.forEachPair((earlier, later) => {
      fromNeighbours[later]! += previous * own[earlier]!;
      fromNeighbours[earlier]! += next * own[later]!;
    });
  const candidates: Candidate[] = [];
  for (const [slot, memory] of collection.memories.entries()) {
    if (!memory) continue;
    const usable = vector && memory.vector?.length === vector.length ? memory.vector : undefined;
    if (own[slot] === 0 && fromNeighbours[slot] === 0 && !usable) continue;
    if (!isWanted(memory)) continue;
    candidates.push({
      collection,
      slot,
      memory,
      own: own[slot]!,
      neighbours: fromNeighbours[slot]!,
      cosine: usable ? dot(usable, vector!) : 0,
      base: 0,
    });
  }
  return candidates;
}

/** 1 for the first of both rankings. */
const fused = ({ lexicalRank, vectorRank }: Candidate): number =>
  ((lexicalRank ? 1 / (RRF_K + lexicalRank) : 0) + (vectorRank ? 1 / (RRF_K + vectorRank) : 0)) *
  ((RRF_K + 1) / 2);

function toHit(candidate: Candidate, terms: readonly string[], boosts: Boosts, now: Date): Hit {
  const { collection, slot, memory, own, neighbours, cosine, lexicalRank, vectorRank, base } = candidate;
  const age = Math.max(0, now.getTime() - Date.parse(lastTouched(memory)));
  const recency = boosts.recency ? 1 + RECENCY_BOOST * 2 ** (-age / RECENCY_HALF_LIFE_MS) : 1;
  const importance = boosts.importance ? 1 + IMPORTANCE_BOOST * memory.importance : 1;
  const outcome = boosts.outcome && memory.outcome?.status === 'success' ? 1 + OUTCOME_BOOST : 1;
  return {
    memory,
    score: base * recency * importance * outcome,
    why: {
      base,
      ...(lexicalRank && {
        lexical: { rank: lexicalRank, score: own, terms: collection.index.explain(terms, slot), neighbours },
      }),
      ...(vectorRank && { vector: { rank: vectorRank, cosine } }),
      recency,
      importance,
      outcome,
    },
  };
}

/** What it tells of may be older than the row: an old message stored today is old. */
const lastTouched = (memory: Memory): string =>
  memory.metadata?.['occurredAt'] === undefined ? memory.lastSeenAt : timeOf(memory);
