/**
 * A comparison that may be looked at every night: is the asserted status commoner where the conditions hold than
 * where they do not? Sixty looks at an ordinary test find "significance" in a fifth of true nulls. Here the chance of
 * ever being wrong is bounded over all looks together.
 *
 * Decisions in order of time fall into blocks. A block ends as soon as it holds `BLOCK` decisions with the conditions
 * and as many without, so its end depends on no outcome. Fix the number of a block's decisions that turned out as
 * asserted. Then the number of those with the conditions follows Fisher's noncentral hypergeometric distribution. It
 * depends on the odds ratio and nothing else, so a base rate that drifts from block to block cancels out.
 *
 * The evidence is the product over blocks of the likelihood ratio between two odds ratios. It is a test martingale under
 * the lesser one, and a supermartingale under all beyond it, by its monotone likelihood ratio. A mean of such products
 * is one too. None ever reaches 1/α with a probability above α.
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
  /** Complete blocks. The decisions after the last one wait. */
  readonly blocks: number;
}

/** Fewest decisions of either side in a block. More would wait longer; fewer say less where one side is rare. */
const BLOCK = 3;
/** Odds ratios of a possible effect, equally likely beforehand: +10 to +35 points over a base rate of 0.5. */
const EFFECTS = [1.5, 2.2, 3.2, 5];
/** Odds ratios of no effect, and of the opposite one. */
const NO_EFFECTS = [1, 0.5];
/** Larger e-values are cut off: they would say no more, and DynamoDB could not hold them. */
const MAX_EVIDENCE_VALUE = 1e9;

/**
 * @param oddsRatio the least effect worth knowing, above 1
 */
export function sequentialEvidence({ inside, asserted }: Sequence, oddsRatio: number): SequentialEvidence {
  const forLogs = EFFECTS.map(() => 0);
  const againstLogs = NO_EFFECTS.map(() => 0);
  let most = { for: 1, against: 1 };
  let blocks = 0;
  // [with the conditions and asserted, with and not asserted, without and asserted, without and not asserted]
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
  // The sum over all tables with these margins, relative to the observed table.
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
