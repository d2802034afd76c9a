/**
 * Every custom metric the service emits. Each costs $0.30 a month, so there are at most ten and none carries a
 * user-defined dimension: an agent id belongs in the log line. What needs a dimension (counts by type) or is looked at
 * once in a while (cold starts, tiers) is queried from the log lines instead.
 */
export const METRICS_NAMESPACE = 'AgentMemory';

/** Two stages in one account must not count into each other's alarms. */
export const metricsNamespace = (stage: string): string => `${METRICS_NAMESPACE}/${stage}`;

export const metricNames = {
  decisionsLogged: 'DecisionsLogged',
  /** 1 a success, 0 a failure: the average is the success rate, the sample count the outcomes that count. */
  outcomeSucceeded: 'OutcomeSucceeded',
  signalsPublished: 'SignalsPublished',
  /** Milliseconds from a signal's timestamp to the final acknowledgement; the sample count is the acknowledgements. */
  signalLag: 'SignalLag',
  agentConsolidationsFailed: 'AgentConsolidationsFailed',
  consolidationRunsStarted: 'ConsolidationRunsStarted',
  patternsPromoted: 'PatternsPromoted',
  patternsUpdated: 'PatternsUpdated',
  patternsRetired: 'PatternsRetired',
  /** Mean lower bound of the promoted patterns of one agent and decision type, once a night. */
  patternConfidence: 'PatternConfidence',
} as const;

export type MetricName = (typeof metricNames)[keyof typeof metricNames];

/** Which function emits a metric: the `service` dimension under which it is found. */
export const metricSources = {
  DecisionsLogged: 'decisions',
  OutcomeSucceeded: 'decisions',
  SignalsPublished: 'signals',
  SignalLag: 'signals',
  AgentConsolidationsFailed: 'worker',
  ConsolidationRunsStarted: 'planner',
  PatternsPromoted: 'worker',
  PatternsUpdated: 'worker',
  PatternsRetired: 'worker',
  PatternConfidence: 'worker',
} as const satisfies Record<MetricName, string>;

/** Messages of the log lines that dashboards query. A line names its fields there. */
export const logLines = {
  /** `decisionType`, `status`, `n` */
  decisionsLogged: 'decisions logged',
  /** `decisionType`, `status`, `n` */
  outcomesRecorded: 'outcomes recorded',
  /** `agentId`, `totals`, `retired`, `durationMs`, `memories.tiers` */
  consolidated: 'consolidated',
} as const;
