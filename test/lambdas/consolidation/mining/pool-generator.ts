import {
  byAgent,
  type JudgedFinding,
  judgeAcrossAgents,
} from '../../../../lambdas/consolidation/mining/across-agents.ts';
import { defaultMiningSettings } from '../../../../lambdas/consolidation/mining/settings.ts';
import type { Finding, ResolvedCase, Scalar } from '../../../../lambdas/consolidation/mining/types.ts';
import { DAY, featuresOf, minerOf, START } from './case-generator.ts';

export interface AgentLog {
  readonly decisions: number;
  /** Chance of success of one decision. */
  readonly rate: (values: Readonly<Record<string, string>>) => number;
  /** Replaces values of the random ones: what this agent meets more often, or makes up. */
  readonly context?: (
    values: Record<string, string>,
    random: () => number,
  ) => Readonly<Record<string, Scalar>>;
}

/** Decisions of one agent over 90 days in independent fields `f0`… of four values each. */
export function agentLog(log: AgentLog, random: () => number, fields = 6): ResolvedCase[] {
  return Array.from({ length: log.decisions }, (_, index) => {
    const values = Object.fromEntries(
      Array.from({ length: fields }, (_, field) => [`f${field}`, 'abcd'[Math.floor(random() * 4)]!]),
    );
    const context = log.context ? log.context(values, random) : values;
    return {
      decisionId: `T-${String(index).padStart(6, '0')}`,
      time: START + Math.floor(((index + random()) / log.decisions) * 90 * DAY),
      success: random() < log.rate(context as Record<string, string>),
      features: featuresOf(context),
    };
  });
}

/** What the agents of a pool learn together, as a night does it. */
export function learnTogether(logs: readonly (readonly ResolvedCase[])[]): JudgedFinding[] {
  const pool = minerOf(logs.flat());
  const agents = logs.map((log, i) => ({ agentId: `agent-${i}`, miner: minerOf(log) }));
  const { findings, tested } = pool.mine();
  return judgeAcrossAgents(tested, byAgent(agents, findings), [], defaultMiningSettings, 'RISK_ASSESSMENT');
}

export const promotedAmong = (judged: readonly JudgedFinding[]): Finding[] =>
  judged.map(({ finding }) => finding).filter(({ verdict }) => verdict === 'promote');
