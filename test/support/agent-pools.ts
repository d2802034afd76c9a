import { createHash } from 'node:crypto';
import {
  byAgent,
  type JudgedFinding,
  judgeAcrossAgents,
} from '../../lambdas/mining/judging/across-agents.ts';
import { createMiner } from '../../lambdas/mining/mine.ts';
import { defaultMiningSettings } from '../../lambdas/mining/settings.ts';
import type { FeatureValue, Finding, ResolvedCase } from '../../lambdas/mining/types.ts';
import type { Miner } from '../../lambdas/mining/mine.ts';

/** Agents of one type and what they decide, with known truth: for the bench of the pooled run, and for its tests. */
export type Context = Readonly<Record<string, string>>;
export type Random = () => number;

export interface AgentLog {
  readonly decisions: number;
  /** Chance of success of one decision. */
  readonly rate: (context: Context) => number;
  /** Replaces values of the random ones: what this agent meets more often, or makes up. */
  readonly context?: (context: Context, random: Random) => Context;
}

const START = Date.parse('2026-01-05T00:00:00.000Z');
const WINDOW_MS = 90 * 24 * 60 * 60 * 1000;
const DECISION_TYPE = 'RISK_ASSESSMENT';

/** Decisions of one agent over 90 days in independent fields `f0`… of four values each. */
export function agentLog(log: AgentLog, random: Random, fields = 6): ResolvedCase[] {
  return Array.from({ length: log.decisions }, (_, index) => {
    const drawn: Context = Object.fromEntries(
      Array.from({ length: fields }, (_, field) => [`f${field}`, 'abcd'[Math.floor(random() * 4)]!]),
    );
    const context = log.context ? log.context(drawn, random) : drawn;
    const features = Object.entries(context).map(
      ([path, value]) => [path, { kind: 'value', value } satisfies FeatureValue] as const,
    );
    return {
      decisionId: `${DECISION_TYPE}-${String(index).padStart(6, '0')}`,
      time: START + Math.floor(((index + random()) / log.decisions) * WINDOW_MS),
      success: random() < log.rate(context),
      features: new Map(features),
    };
  });
}

function minerOf(agentId: string, cases: readonly ResolvedCase[]): Miner {
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const miner = createMiner({ agentId, decisionType: DECISION_TYPE, settings: defaultMiningSettings, hash });
  for (const one of cases) miner.add(one);
  return miner;
}

/** What each agent learns by itself. */
export const learnAlone = (logs: readonly (readonly ResolvedCase[])[]): Finding[][] =>
  logs.map((log, i) =>
    minerOf(`agent-${i}`, log)
      .mine()
      .findings.filter(({ verdict }) => verdict === 'promote'),
  );

/** What they learn together, as a night does it, and what of it fails across them. */
export function learnTogether(logs: readonly (readonly ResolvedCase[])[]): JudgedFinding[] {
  const { findings, tested } = minerOf('type:bench', logs.flat()).mine();
  const agents = logs.map((log, i) => ({ agentId: `agent-${i}`, miner: minerOf(`agent-${i}`, log) }));
  return judgeAcrossAgents(tested, byAgent(agents, findings), [], defaultMiningSettings, DECISION_TYPE);
}

export const promotedAmong = (judged: readonly JudgedFinding[]): Finding[] =>
  judged.map(({ finding }) => finding).filter(({ verdict }) => verdict === 'promote');

/** `success: f0=a & f1=a` */
export const ruleName = ({ asserts, conditions }: Pick<Finding, 'asserts' | 'conditions'>): string =>
  `${asserts}: ${conditions
    .map((condition) => `${condition.path}=${'value' in condition ? String(condition.value) : condition.op}`)
    .join(' & ')}`;
