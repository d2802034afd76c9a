/**
 * A comparison that may be looked at every night: is the asserted status commoner where the conditions hold than
 * where they do not? Looking at an ordinary test sixty times finds "significance" in a fifth of true nulls; here the
 * chance of ever being wrong is bounded over all looks together.
 *
 * Decisions in order of time fall into blocks; a block ends as soon as it holds `BLOCK` decisions with the conditions
 * and as many without, so where one ends depends on no outcome. Given how many of a block turned out as asserted, how
 * many of those had the conditions follows Fisher's noncentral hypergeometric distribution, which knows the odds ratio
 * and nothing else: a base rate that drifts from block to block cancels out. The product over blocks of the
 * likelihood ratio between two odds ratios is a test martingale under the lesser one (and a supermartingale under all
 * beyond it, by its monotone likelihood ratio), a mean of such products is one too, and none ever reaches 1/α with a
 * probability above α.
 *
 * @see Wald (1945), Ann. Math. Statist. 16:117–186 (the ratio); Ville (1939) and Robbins (1970), Ann. Math. Statist.
 *   41:1397–1409 (mixtures, and the bound over all time); Ramdas et al. (2023), Statist. Sci. 38:576–601 (e-values);
 *   Fisher (1935), JRSS 98:39–82 (the conditional distribution)
 */
export interface Sequence {
  /** In order of time; 1 where the conditions hold. */
  readonly inside: Uint8Array;
  /** 1 where the decision turned out as asserted. */
  readonly asserted: Uint8Array;
}

export interface SequentialEvidence {
  /** Largest e-value so far against "no commoner inside": 20 or more at α = 0.05 settles it. */
  readonly for: number;
  /** Largest e-value so far against "the odds ratio is `oddsRatio` or more". */
  readonly against: number;
  /** Blocks that are complete; the rest waits. */
  readonly blocks: number;
}

/** Fewest of either side in a block: more would wait longer, fewer say less where the two sides come unevenly. */
const BLOCK = 3;
/** Odds ratios an effect is looked for at, equally likely beforehand: +10 to +35 points over a base rate of 0.5. */
const EFFECTS = [1.5, 2.2, 3.2, 5];
/** No effect, and the opposite one. */
const NO_EFFECTS = [1, 0.5];
/** Where a block is more than enough: a larger number would say no more, and DynamoDB could not hold it. */
const MAX_EVIDENCE_VALUE = 1e9;

/**
 * @param oddsRatio the least effect worth knowing, above 1
 */
export function sequentialEvidence({ inside, asserted }: Sequence, oddsRatio: number): SequentialEvidence {
  const forLogs = EFFECTS.map(() => 0);
  const againstLogs = NO_EFFECTS.map(() => 0);
  let most = { for: 1, against: 1 };
  let blocks = 0;
  // [with the conditions and asserted, with and not, without and asserted, without and not]
  let block: [number, number, number, number] = [0, 0, 0, 0];
  for (let i = 0; i < inside.length; i++) {
    block[(inside[i] === 1 ? 0 : 2) + (asserted[i] === 1 ? 0 : 1)]!++;
    if (block[0] + block[1] < BLOCK || block[2] + block[3] < BLOCK) continue;
    const none = logLikelihood(block, 1);
    const least = logLikelihood(block, oddsRatio);
    EFFECTS.forEach((effect, e) => (forLogs[e]! += logLikelihood(block, effect) - none));
    NO_EFFECTS.forEach((effect, e) => (againstLogs[e]! += logLikelihood(block, effect) - least));
    most = {
      for: Math.max(most.for, meanOfExp(forLogs)),
      against: Math.max(most.against, meanOfExp(againstLogs)),
    };
    block = [0, 0, 0, 0];
    blocks++;
  }
  return {
    for: Math.min(most.for, MAX_EVIDENCE_VALUE),
    against: Math.min(most.against, MAX_EVIDENCE_VALUE),
    blocks,
  };
}

/** ln P(a | margins) of `[a, b, c, d]` under an odds ratio: Fisher's noncentral hypergeometric distribution. */
export function logLikelihood(
  [a, b, c, d]: readonly [number, number, number, number],
  oddsRatio: number,
): number {
  // Σ over all tables with these margins, relative to the one that was seen
  let sum = 1;
  let term = 1;
  for (let k = 0; k < Math.min(b, c); k++) {
    term *= (oddsRatio * (b - k) * (c - k)) / ((a + k + 1) * (d + k + 1));
    sum += term;
  }
  term = 1;
  for (let k = 0; k < Math.min(a, d); k++) {
    term *= ((a - k) * (d - k)) / (oddsRatio * (b + k + 1) * (c + k + 1));
    sum += term;
  }
  return -Math.log(sum);
}

function meanOfExp(logs: readonly number[]): number {
  return logs.reduce((sum, log) => sum + Math.exp(log), 0) / logs.length;
}
