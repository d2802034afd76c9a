import { summaryOf } from './pattern-catalog.ts';
import type { Matched } from './pattern-matching.ts';
import { type OfferedPattern, offerVerdictOf } from './offered-patterns.ts';
import type { Trial } from './pattern-trial.ts';
import type { Shown } from './shown-patterns.ts';

/** The fields of a pattern that help to decide. A match goes in front of a model, so it is short. */
const toMatch = (pattern: Matched) => ({
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
  ...(pattern.standing && { owner: pattern.agentId, standing: pattern.standing }),
});

export const toShown = ({ patterns, exposureId }: Shown) => ({ items: patterns.map(toMatch), exposureId });

/** A pattern of another owner, marked so that it cannot be taken for the agent's own. */
export function toOffered(offer: OfferedPattern) {
  const { pattern, offeredBy, verdict } = offer;
  const {
    agentId: _agent,
    owner: _owner,
    patternId: _id,
    standing: _standing,
    sinceRunId: _run,
    ...own
  } = verdict ?? {};
  return {
    ...summaryOf(pattern),
    owner: pattern.agentId,
    offeredBy,
    standing: offerVerdictOf(offer),
    own: verdict ? own : null,
  };
}

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
