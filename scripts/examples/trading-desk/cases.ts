import { extractFeatures } from '../../../lambdas/mining/cases/features.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import type { ResolvedCase } from '../../../lambdas/mining/types.ts';
import type { AgentRole, DecisionType, PlannedDecision } from './agents.ts';

/** A decision with its outcome, as it can be held against a pattern. */
export interface ResolvedDecision extends ResolvedCase {
  readonly role: AgentRole;
  readonly decisionType: DecisionType;
}

/** A decision as the miner would see it, by the miner's own features. */
export function caseOf(
  logged: {
    readonly decisionId: string;
    readonly timestamp: string;
    readonly planned: PlannedDecision;
    readonly signalTypes: ReadonlySet<string>;
  },
  success: boolean,
): ResolvedDecision {
  const { decisionId, timestamp, planned, signalTypes } = logged;
  const { selected } = planned.reasoning;
  const facts = {
    decisionId,
    timestamp,
    context: planned.context,
    action: planned.action,
    signalTypes,
    ...(selected && { selected }),
  };
  return {
    role: planned.role,
    decisionType: planned.decisionType,
    decisionId,
    time: Date.parse(timestamp),
    success,
    features: extractFeatures(facts, defaultMiningSettings),
    action: planned.action,
  };
}
