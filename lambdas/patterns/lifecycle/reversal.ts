import type { Pattern } from '../pattern.ts';
import { claimKey } from '../../mining/pattern-id.ts';
import type { Stated } from '../../mining/types.ts';

/**
 * Finds promoted patterns that state the opposite of a known one under the same conditions: they supersede it. All stored
 * patterns are searched, not only at the moment of promotion. That repairs a run that was cut short between the two rows.
 *
 * @param promoted the patterns that are promoted after the run
 * @param previous the stored patterns; those never promoted (candidates, open or refuted hypotheses) do not count
 * @returns id of the superseded pattern → id of the pattern that supersedes it
 */
export function findReversals(
  promoted: readonly (Stated & { readonly patternId: string })[],
  previous: readonly Pattern[],
): Map<string, string> {
  const known = new Map(
    previous
      .filter(({ status, registered, reference }) =>
        registered ? reference !== undefined : status !== 'candidate',
      )
      .map((pattern) => [claimKey(pattern), pattern.patternId]),
  );
  const reversals = new Map<string, string>();
  for (const pattern of promoted) {
    const { asserts, conditions } = pattern;
    const opposite = known.get(
      claimKey({ asserts: asserts === 'success' ? 'failure' : 'success', conditions }),
    );
    if (opposite !== undefined) reversals.set(opposite, pattern.patternId);
  }
  return reversals;
}

/** Retires a superseded pattern, which keeps its last numbers. */
export function supersede(pattern: Pattern, by: string, asOf: string, runId: string): Pattern {
  if (pattern.status === 'retired' && pattern.supersededBy === by) return pattern;
  const { explainedBy: _, ...rest } = pattern;
  const ended = pattern.status === 'retired';
  return {
    ...rest,
    status: 'retired',
    reason: 'reversed',
    supersededBy: by,
    version: pattern.version + 1,
    changedAsOf: asOf,
    statusSince: ended ? pattern.statusSince : asOf,
    statusRunId: ended ? pattern.statusRunId : runId,
  };
}
