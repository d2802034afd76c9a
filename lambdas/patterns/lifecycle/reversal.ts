import type { Pattern } from '../pattern.ts';
import { conditionKey } from '../../mining/pattern-id.ts';
import type { Stated } from '../../mining/types.ts';

const nameOf = (asserts: string, { conditions }: Stated): string =>
  JSON.stringify([asserts, conditions.map(conditionKey).sort()]);

/**
 * The same conditions with the opposite assertion, promoted: it supersedes what was known. Looked for among all that
 * is stored and not only at the moment of promotion, so that a run cut short between the two rows is made good.
 *
 * @param promoted what is promoted after the run
 * @param previous what was known before; what was never promoted (candidates, hypotheses open or refuted) was not
 * @returns superseded id → the id of what supersedes it
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
      .map((pattern) => [nameOf(pattern.asserts, pattern), pattern.patternId]),
  );
  const reversals = new Map<string, string>();
  for (const pattern of promoted) {
    const opposite = known.get(nameOf(pattern.asserts === 'success' ? 'failure' : 'success', pattern));
    if (opposite !== undefined) reversals.set(opposite, pattern.patternId);
  }
  return reversals;
}

/** What was superseded keeps the numbers it ended with. */
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
