import type { PatternSummary } from './pattern-catalog.ts';
import type { Offer } from './pattern-offers.ts';
import type { Trial } from './pattern-trial.ts';

/** What of a pattern helps to decide: a match goes in front of a model, so it says little. */
const toMatch = (pattern: PatternSummary) => ({
  patternId: pattern.patternId,
  decisionType: pattern.decisionType,
  asserts: pattern.asserts,
  conditions: pattern.conditions,
  n: pattern.n,
  successes: pattern.successes,
  rate: pattern.rate,
  baseline: pattern.baseline,
  confidence: pattern.confidence,
  recentRate: pattern.recentRate,
  description: pattern.description,
  version: pattern.version,
  asOf: pattern.asOf,
});

export const toOffer = ({ patterns, exposureId }: Offer) => ({ items: patterns.map(toMatch), exposureId });

export const toTrialAnswer = (decisionType: string, { finding, ...trial }: Trial) => ({
  ...trial,
  decisionType,
  patternId: finding.patternId,
  asserts: finding.asserts,
  conditions: finding.conditions,
  ...finding.numbers,
  significant: finding.verdict === 'promote',
  description: finding.description,
  explain: finding.explain,
});
