import type * as z from 'zod';
import type { Finding } from '../mining/types.ts';
import type { Explanation } from '../mining/vocabulary.ts';
import type { ReadonlyDeep } from '../shared/schema/readonly-deep.ts';
import type { patternSchema, registrationSchema, statuses, versionSchema } from './pattern-contract.ts';

export type PatternStatus = (typeof statuses)[number];

/**
 * A pattern in its current state. The contract describes the fields. `versionRate` is the rate at the last version; a
 * rate that differs from it by 0.05 makes a new version.
 */
export interface Pattern extends ReadonlyDeep<z.output<typeof patternSchema>> {
  readonly explain: Explanation;
}

/**
 * The registration of a hypothesis, and its numbers since. Only decisions after `at` settle it, because earlier ones may
 * have suggested it.
 */
export type Registration = ReadonlyDeep<z.output<typeof registrationSchema>>;

/** A decision that proves a pattern. The digest is kept beyond the decision's own 90 days. */
export type EvidenceDigest = Finding['evidence'][number];

/** The part of a version of a pattern that is kept when the next version comes. */
export type PatternVersion = ReadonlyDeep<z.output<typeof versionSchema>>;

export const versionOf = (pattern: Pattern): PatternVersion => ({
  version: pattern.version,
  status: pattern.status,
  reason: pattern.reason,
  asOf: pattern.changedAsOf ?? pattern.asOf,
  n: pattern.n,
  successes: pattern.successes,
  rate: pattern.rate,
  baseline: pattern.baseline,
  confidence: pattern.confidence,
  recentRate: pattern.recentRate,
  pValue: pattern.pValue,
  qValue: pattern.qValue,
  ...(pattern.supersedes !== undefined && { supersedes: pattern.supersedes }),
  ...(pattern.supersededBy !== undefined && { supersededBy: pattern.supersededBy }),
  ...(pattern.mergedInto !== undefined && { mergedInto: pattern.mergedInto }),
  ...(pattern.explainedBy !== undefined && { explainedBy: pattern.explainedBy }),
  ...(pattern.contributors && { contributors: pattern.contributors }),
});

const ENDED: ReadonlySet<PatternStatus> = new Set(['retired', 'dormant', 'withdrawn']);

/** True for the statuses whose numbers each run renews. A pattern that ended keeps its last numbers. */
export const isLive = ({ status }: Pick<Pattern, 'status'>): boolean => !ENDED.has(status);
