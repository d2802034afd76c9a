import * as z from 'zod';
import { json } from '../../shared/platform/env.ts';

const lifecycleSchema = z.strictObject({
  /** Log-likelihood ratio at which outcomes no longer fit the promise; see mining/judging/drift.ts. */
  driftThreshold: z.number().positive(),
  /** Days without an occurrence after which a dormant pattern's confidence has halved. */
  confidenceHalfLifeDays: z.number().positive(),
  /** Chance of ever confirming a false hypothesis, and of ever refuting a true one. */
  hypothesisLevel: z.number().positive().max(0.5),
  /** The least effect worth knowing: a hypothesis is refuted when its odds ratio is below this. */
  hypothesisOddsRatio: z.number().gt(1),
  /** Days after which a hypothesis that is not settled is given up. */
  hypothesisDays: z.number().positive(),
});

/** Thresholds for changes of a known pattern, and for settling a stated one: part of a stage's config. */
export type LifecycleSettings = Readonly<z.output<typeof lifecycleSchema>>;

/** Chosen by simulation: docs/adr/010-change-and-hypotheses.md has the figures. */
export const defaultLifecycleSettings: LifecycleSettings = {
  driftThreshold: 6,
  confidenceHalfLifeDays: 90,
  hypothesisLevel: 0.05,
  hypothesisOddsRatio: 2,
  hypothesisDays: 90,
};

/** The variable PATTERN_LIFECYCLE. Every function that states or tests a pattern has the same value. */
export const patternLifecycle = json(lifecycleSchema);
