import { AgentPast, placeOf } from '../../../lambdas/cases/agent-past.ts';
import { PRESENT } from '../../../lambdas/mining/cases/features.ts';
import type { FeatureValue } from '../../../lambdas/mining/types.ts';
import { UNNAMED_SEQUENCE_WINDOW_MS } from '../../../lambdas/mining/cases/windowed-path.ts';
import type { DecisionMark, DecisionReference } from '../../../lambdas/decisions/decision.ts';
import type { ResolvedDecision } from './cases.ts';

/** A decision that was logged, with the outcome it has by now. */
export interface MadeDecision extends DecisionMark {
  readonly agentId: string;
  readonly decisionType: string;
  readonly parent?: DecisionReference;
}

/** The cases with what each came after, by the miner's own rules. */
export function withSequences(
  cases: readonly ResolvedDecision[],
  made: readonly MadeDecision[],
): ResolvedDecision[] {
  const newestFirst = [...made].sort((a, b) => (a.timestamp < b.timestamp ? 1 : -1));
  const madeById = new Map(made.map((decision) => [decision.decisionId, decision]));
  const linked = new Map<string, Set<string>>();
  for (const { agentId, decisionType, parent } of made) {
    const others = linked.get(decisionType) ?? new Set();
    linked.set(decisionType, others);
    if (parent && parent.agentId !== agentId) others.add(parent.agentId);
  }
  const pasts = new Map(
    [...new Set(made.map(({ agentId }) => agentId))].map((agentId) => {
      const past = new AgentPast(agentId);
      for (const decision of newestFirst)
        past.timeline(decision.agentId, decision.decisionType, UNNAMED_SEQUENCE_WINDOW_MS).add(decision);
      return [agentId, past] as const;
    }),
  );
  return cases.map((one) => {
    const { agentId, parent } = madeById.get(one.decisionId)!;
    const paths = pasts.get(agentId)!.pathsAt(one.time, placeOf(parent), linked.get(one.decisionType)!);
    const before = paths.map((path): [string, FeatureValue] => [path, PRESENT]);
    return { ...one, features: new Map([...one.features, ...before]) };
  });
}
