import type { Contributor, Comparison } from '../vocabulary.ts';
import { describe } from './describe.ts';
import { holm, benjaminiHochberg } from '../statistics/multiple-tests.ts';
import type { TwoByTwo } from '../statistics/two-by-two.ts';
import { commonEffect, replicatedEffect } from '../statistics/stratified.ts';
import type { Finding, MiningSettings } from '../types.ts';
import type { Miner } from '../mine.ts';

/**
 * Judges patterns that were found in the decisions of several agents together. A pooled pattern has to pass everything
 * that a pattern of one agent has to, and in addition:
 *
 * 1. The same tests stratified by agent, corrected for everything tested in the run (q ≤ `maxQValue`). So different base
 *    rates of the agents cannot look like a pattern.
 * 2. Its effect in at least two agents separately (p ≤ `ALONE_LEVEL`, above the agent's own baseline).
 * 3. The stratified tests without any one agent, at the miner's strict level after Holm over all that were found. So one
 *    agent alone cannot carry it, however much it logged.
 *
 * As everywhere, the p of a test is the largest over the comparisons with all other decisions and with each part.
 */

/** Level at which a single agent shows the effect. */
export const ALONE_LEVEL = 0.05;
/** Agents named as contributors, at most: those with the most decisions behind the pattern. */
export const MAX_CONTRIBUTORS = 200;
/** Decisions named as evidence, at most. */
const MAX_EVIDENCE = 50;

/** One agent's part of a pool. */
export interface PooledAgent {
  readonly agentId: string;
  /** Holds only its own resolved decisions. */
  readonly miner: Pick<Miner, 'test'>;
}

/** The conditions of a pooled finding, tested in one agent's own decisions. */
export interface AgentFinding {
  readonly agentId: string;
  readonly finding: Finding;
}

/** A finding of the pool, with the same conditions tested in each agent's own decisions. */
export interface PooledFinding {
  readonly finding: Finding;
  readonly byAgent: readonly AgentFinding[];
}

export interface JudgedFinding {
  readonly finding: Finding;
  readonly contributors: readonly Contributor[];
}

interface Across {
  /** Largest stratified p-value with all agents. */
  readonly stratified: number;
  /** Largest stratified p-value with any one agent left out. */
  readonly replicated: number;
  /** Number of agents that show the effect by themselves. */
  readonly alone: number;
  readonly contributors: readonly Contributor[];
}

/** Tests each finding of a pool in each agent's own decisions, with the same conditions and cut points. */
export function byAgent(agents: readonly PooledAgent[], findings: readonly Finding[]): PooledFinding[] {
  const own = agents.map(({ agentId, miner }) => ({ agentId, findings: miner.test(findings) }));
  return findings.map((finding, i) => ({
    finding,
    byAgent: own.map((agent) => ({ agentId: agent.agentId, finding: agent.findings[i]! })),
  }));
}

const tableOf = ({ table: [[a, b], [c, d]] }: Comparison): TwoByTwo => [a, b, c, d];

/** The same conditions have their comparisons in the same order, in the pool and in every agent. */
export function acrossAgents({ finding, byAgent }: PooledFinding): Across {
  const strata = finding.explain.comparisons.map((_, i) =>
    byAgent.map((agent) => tableOf(agent.finding.explain.comparisons[i]!)),
  );
  const contributors = byAgent
    .filter((agent) => agent.finding.numbers.n > 0)
    .map((agent): Contributor => {
      const { numbers, explain } = agent.finding;
      const { n, successes, baseline } = numbers;
      return { agentId: agent.agentId, n, successes, baseline, pValue: explain.comparisons[0]!.pValue };
    })
    .sort((a, b) => b.n - a.n || (a.agentId < b.agentId ? -1 : 1));
  const rateOf = ({ n, successes }: Contributor): number =>
    (finding.asserts === 'success' ? successes : n - successes) / n;
  return {
    stratified: Math.max(...strata.map(commonEffect)),
    replicated: Math.max(...strata.map(replicatedEffect)),
    alone: contributors.filter((agent) => agent.pValue <= ALONE_LEVEL && rateOf(agent) > agent.baseline)
      .length,
    contributors: contributors.slice(0, MAX_CONTRIBUTORS),
  };
}

/**
 * Judges the findings of a run over the pool by its agents. The p-value of every finding becomes the largest of all its
 * tests. A pattern that was promoted before holds or fails by the same p.
 * @param tests conjunctions tested in the run, both assertions counted
 * @param mined what the pool's miner lists
 * @param retested known patterns that it does not list, tested again
 * @returns first those mined, then those tested again
 */
export function judgeAcrossAgents(
  tests: number,
  mined: readonly PooledFinding[],
  retested: readonly PooledFinding[],
  settings: Pick<MiningSettings, 'maxQValue' | 'strictLevel'>,
  decisionType: string,
): JudgedFinding[] {
  const found = [...mined, ...retested];
  const across = found.map(acrossAgents);
  const candidates = mined.flatMap(({ finding }, i) => (finding.verdict === 'promote' ? [i] : []));
  const stratified = candidates.map((i) => across[i]!.stratified);
  const qValues = benjaminiHochberg(stratified, Math.max(tests, candidates.length));
  const stratifiedQ = new Map(candidates.map((i, k) => [i, qValues[k]!]));
  const replicated = new Map(
    holm(candidates.map((i) => across[i]!.replicated)).map((p, k) => [candidates[k]!, p]),
  );
  return found.map((pooled, i) => {
    const { finding, byAgent } = pooled;
    const { contributors, alone, ...largest } = across[i]!;
    const numbers = {
      ...finding.numbers,
      pValue: Math.max(finding.numbers.pValue, largest.stratified, largest.replicated),
    };
    const shown = {
      ...finding,
      numbers,
      description: describeAcross(finding, numbers, contributors, decisionType),
      evidence: evidenceAcross(byAgent),
    };
    const adjusted = replicated.get(i);
    if (adjusted === undefined) return { finding: shown, contributors };
    const qValue = Math.max(finding.numbers.qValue ?? 0, stratifiedQ.get(i)!);
    const corrected = { ...shown, numbers: { ...numbers, qValue } };
    const reason =
      qValue > settings.maxQValue
        ? 'not_significant_by_agent'
        : alone < 2 || adjusted > settings.strictLevel
          ? 'carried_by_one_agent'
          : undefined;
    return {
      finding: reason ? { ...corrected, verdict: 'reject', reason } : corrected,
      contributors,
    };
  });
}

function describeAcross(
  { asserts, conditions }: Finding,
  numbers: Finding['numbers'],
  contributors: readonly Contributor[],
  decisionType: string,
): string {
  const agents = `${contributors.length} ${contributors.length === 1 ? 'agent' : 'agents'}`;
  return `${describe({ decisionType, asserts, conditions, numbers })} By ${agents}.`;
}

/** The newest decisions behind a pattern, taken evenly from all agents, so that none crowds out the others. */
function evidenceAcross(byAgent: readonly AgentFinding[]): Finding['evidence'] {
  const evidence: (Finding['evidence'][number] & { readonly agentId: string })[] = [];
  for (let k = 0; k < MAX_EVIDENCE && evidence.length < MAX_EVIDENCE; k++)
    for (const { agentId, finding } of byAgent) {
      const digest = finding.evidence[k];
      if (digest && evidence.length < MAX_EVIDENCE) evidence.push({ ...digest, agentId });
    }
  return evidence.sort((a, b) => (a.timestamp < b.timestamp ? 1 : a.timestamp > b.timestamp ? -1 : 0));
}
