import type { Logger } from '@aws-lambda-powertools/logger';
import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { logLines, metricNames } from '../shared/schema/metrics.ts';
import type { Decision, DecisionStatus } from './decision.ts';

type Counted = Pick<Decision, 'decisionType' | 'status'>;

interface DecisionCount {
  readonly decisionType: string;
  readonly status: DecisionStatus;
  readonly n: number;
}

/**
 * Counts decisions and outcomes. Types and statuses are counted in the log only: a metric with a dimension that users
 * name would cost money for each name.
 */
export class DecisionMetrics {
  readonly #metrics: Metrics;
  readonly #logger: Logger;

  constructor(metrics: Metrics, logger: Logger) {
    this.#metrics = metrics;
    this.#logger = logger;
  }

  noteLogged(decisions: readonly Decision[]): void {
    this.#metrics.addMetric(metricNames.decisionsLogged, MetricUnit.Count, decisions.length);
    for (const counts of countsOf(decisions)) this.#logger.info(logLines.decisionsLogged, { ...counts });
    this.noteOutcomes(decisions.filter(({ outcome }) => outcome));
  }

  noteOutcomes(outcomes: readonly Counted[]): void {
    for (const { status } of outcomes)
      if (status !== 'voided')
        this.#metrics.addMetric(metricNames.outcomeSucceeded, MetricUnit.Count, status === 'success' ? 1 : 0);
    for (const counts of countsOf(outcomes)) this.#logger.info(logLines.outcomesRecorded, { ...counts });
  }
}

/** The number of decisions of each type and status. */
function countsOf(decisions: readonly Counted[]): DecisionCount[] {
  const counts = new Map<string, DecisionCount>();
  for (const { decisionType, status } of decisions) {
    const key = `${decisionType}#${status}`;
    counts.set(key, { decisionType, status, n: (counts.get(key)?.n ?? 0) + 1 });
  }
  return [...counts.values()];
}
