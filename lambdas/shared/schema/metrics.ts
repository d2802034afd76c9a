/**
 * Every custom metric the service emits. Each costs $0.30 a month, so there are at most ten and none carries a
 * user-defined dimension: an agent id belongs in the log line.
 */
export const METRICS_NAMESPACE = 'AgentMemory';

/** Two stages in one account must not count into each other's alarms. */
export const metricsNamespace = (stage: string): string => `${METRICS_NAMESPACE}/${stage}`;

export const metricNames = {
  decisionsLogged: 'DecisionsLogged',
  outcomesRecorded: 'OutcomesRecorded',
  signalsPublished: 'SignalsPublished',
  signalsAcknowledged: 'SignalsAcknowledged',
  signalsRelayed: 'SignalsRelayed',
  agentsConsolidated: 'AgentsConsolidated',
  agentConsolidationsFailed: 'AgentConsolidationsFailed',
  consolidationRunsStarted: 'ConsolidationRunsStarted',
  patternsPromoted: 'PatternsPromoted',
  patternsDemoted: 'PatternsDemoted',
} as const;

export type MetricName = (typeof metricNames)[keyof typeof metricNames];

/** Which function emits a metric: the `service` dimension under which it is found. */
export const metricSources = {
  DecisionsLogged: 'decisions',
  OutcomesRecorded: 'decisions',
  SignalsPublished: 'signals',
  SignalsAcknowledged: 'signals',
  SignalsRelayed: 'relay',
  AgentsConsolidated: 'worker',
  AgentConsolidationsFailed: 'worker',
  ConsolidationRunsStarted: 'planner',
  PatternsPromoted: 'worker',
  PatternsDemoted: 'worker',
} as const satisfies Record<MetricName, string>;
