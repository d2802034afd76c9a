import * as z from 'zod';
import { json } from '../../shared/platform/env.ts';

const lifecycleSchema = z.strictObject({
  /** Log-likelihood ratio at which outcomes no longer fit the promise; see mining/drift.ts. */
  driftThreshold: z.number().positive(),
  /** Days since it was last seen in which a dormant pattern's confidence halves. */
  confidenceHalfLifeDays: z.number().positive(),
  /** Chance of ever confirming a false hypothesis, and of ever refuting a true one. */
  hypothesisLevel: z.number().positive().max(0.5),
  /** The least effect worth knowing: a hypothesis is refuted when its odds ratio is below. */
  hypothesisOddsRatio: z.number().gt(1),
  /** Days from being stated in which a hypothesis is settled or given up. */
  hypothesisDays: z.number().positive(),
});

/** Thresholds of how a pattern that is known changes, and of how a stated one is settled: part of a stage's config. */
export type LifecycleSettings = Readonly<z.output<typeof lifecycleSchema>>;

/** Chosen by simulation: docs/adr/010-change-and-hypotheses.md has the figures. */
export const defaultLifecycleSettings: LifecycleSettings = {
  driftThreshold: 6,
  confidenceHalfLifeDays: 90,
  hypothesisLevel: 0.05,
  hypothesisOddsRatio: 2,
  hypothesisDays: 90,
};

/** The variable PATTERN_LIFECYCLE, with the same value for every function that states or tests a pattern. */
export const patternLifecycle = json(lifecycleSchema);
