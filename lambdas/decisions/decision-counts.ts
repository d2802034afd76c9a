import type { DecisionStatus } from './decision.ts';

export interface DecisionCount {
  readonly decisionType: string;
  readonly status: DecisionStatus;
  readonly n: number;
}

/** How many decisions of each type and status, for the log: a metric with a dimension a user names costs by the name. */
export function countsOf(
  decisions: readonly { readonly decisionType: string; readonly status: DecisionStatus }[],
): DecisionCount[] {
  const counts = new Map<string, DecisionCount>();
  for (const { decisionType, status } of decisions) {
    const key = `${decisionType}#${status}`;
    counts.set(key, { decisionType, status, n: (counts.get(key)?.n ?? 0) + 1 });
  }
  return [...counts.values()];
}
