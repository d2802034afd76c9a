/**
 * Every custom metric the service emits. Each costs $0.30 a month, so there are at most ten and none carries a
 * user-defined dimension: an agent id belongs in the log line.
 */
export const METRICS_NAMESPACE = 'AgentMemory';

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
