export const K = 10;

/** By question: the part of its evidence among the first ten, and one over the rank of the first that is. */
export interface Score {
  readonly recall: number;
  readonly reciprocal: number;
}

export function scoreOf(found: readonly string[], evidence: readonly string[]): Score {
  const hits = evidence.filter((id) => found.slice(0, K).includes(id)).length;
  const first = found.findIndex((id) => evidence.includes(id));
  return { recall: hits / Math.min(K, evidence.length), reciprocal: first < 0 ? 0 : 1 / (first + 1) };
}

export const mean = (scores: readonly Score[], name: keyof Score): number =>
  scores.reduce((sum, score) => sum + score[name], 0) / scores.length;
