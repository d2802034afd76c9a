/** Thresholds of how a pattern that is known changes, and of how a stated one is settled. */
export interface LifecycleSettings {
  /** Log-likelihood ratio at which outcomes no longer fit the promise; see mining/drift.ts. @default 6 */
  readonly driftThreshold: number;
  /** Days since it was last seen in which a dormant pattern's confidence halves. @default 90 */
  readonly confidenceHalfLifeDays: number;
  /** Chance of ever confirming a false hypothesis, and of ever refuting a true one. @default 0.05 */
  readonly hypothesisLevel: number;
  /** The least effect worth knowing: a hypothesis is refuted when its odds ratio is below. @default 2 */
  readonly hypothesisOddsRatio: number;
  /** Days from being stated in which a hypothesis is settled or given up. @default 90 */
  readonly hypothesisDays: number;
}

/** Chosen by simulation: docs/adr/010-change-and-hypotheses.md has the figures. */
export const defaultLifecycleSettings: LifecycleSettings = {
  driftThreshold: 6,
  confidenceHalfLifeDays: 90,
  hypothesisLevel: 0.05,
  hypothesisOddsRatio: 2,
  hypothesisDays: 90,
};
