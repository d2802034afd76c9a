import type { AgentRegistry } from '../agents/agent-registry.ts';
import { byAgent, judgeAcrossAgents } from '../mining/judging/across-agents.ts';
import type { Finding, MiningResult } from '../mining/types.ts';
import type { Contributor } from '../mining/vocabulary.ts';
import { type Judged, type Learned, type LearningInput, learnFrom } from '../patterns/lifecycle/learning.ts';
import type { LifecycleResult } from '../patterns/lifecycle/lifecycle.ts';
import type { Pattern } from '../patterns/pattern.ts';
import { canonicalJson } from '../shared/platform/ids.ts';
import { typeOfPool } from '../shared/schema/owners.ts';
import type { KnownPools } from './known-pools.ts';
import {
  type ConsolidationOutcome,
  OwnerConsolidation,
  type OwnerConsolidationParts,
} from './owner-consolidation.ts';
import { type Member, type Pool, readPool } from './pooled-window.ts';
import type { LastRun } from './run.ts';
import type { ConsolidationTask } from './work-queue.ts';

/** Agents of one type a pooled run takes, the first by id. */
export const MAX_MEMBERS = 1000;

export interface PoolConsolidatorParts extends OwnerConsolidationParts {
  readonly registry: AgentRegistry;
  readonly pools: KnownPools;
}

/**
 * Learns from the recent decisions of all agents of a type: patterns that at least two agents bear out and that no single
 * agent carries. They are stored under an owner of their own and offered to every agent of the type.
 *
 * Reads once more what the agents' own runs read: 0.25 units a KB.
 */
export class PoolConsolidator {
  readonly #parts: PoolConsolidatorParts;

  constructor(parts: PoolConsolidatorParts) {
    this.#parts = parts;
  }

  /** Like an agent's own: a function of the windows, of the patterns before it and of `asOf`, and a fixpoint. */
  async consolidate(task: ConsolidationTask, previous: LastRun | undefined): Promise<ConsolidationOutcome> {
    const { registry, cases, pools } = this.#parts;
    const { agentId: owner } = task;
    const run = await OwnerConsolidation.begin(this.#parts, task, previous);
    if (!run.dryRun) await pools.note(owner);
    const agents = await registry.ofType(typeOfPool(owner) ?? '');
    const members: (Member & { readonly decisionTypes: ReadonlySet<string> })[] = [];
    for (const agentId of agents.slice(0, MAX_MEMBERS))
      members.push({
        agentId,
        decisionTypes: new Set(await registry.decisionTypes(agentId)),
        seen: await cases.seenIn(agentId, run.window),
      });
    for (const decisionType of typesOf(members, run.stored)) {
      const deciding = members.filter(({ decisionTypes }) => decisionTypes.has(decisionType));
      const pool = await readPool(cases, owner, deciding, decisionType, run.window, run.previousLook);
      const stored = run.patternsOf(decisionType);
      const input = run.learningInput(decisionType, pool.newShare);
      const truncated = pool.truncated || agents.length > MAX_MEMBERS;
      await run.keep(decisionType, { ...pool, truncated }, learnAcross(pool, stored, input));
    }
    // The decisions are counted with the agents that made them.
    return run.outcome({ totals: { decisions: 0, resolved: 0 } });
  }
}

/** Learns from a pool: only findings that its agents bear out count, and each pattern names its contributors. */
function learnAcross(pool: Pool, stored: readonly Pattern[], input: LearningInput): Learned {
  const contributors = new Map<string, readonly Contributor[]>();
  const judge = (found: MiningResult, retested: readonly Finding[]): Judged => {
    const judged = judgeAcrossAgents(
      found.tested,
      byAgent(pool.agents, found.findings),
      byAgent(pool.agents, retested),
      input.settings,
      input.decisionType,
    );
    for (const one of judged) contributors.set(one.finding.patternId, one.contributors);
    const findings = judged.map(({ finding }) => finding);
    return {
      mined: withFindings(found, findings.slice(0, found.findings.length)),
      retested: findings.slice(found.findings.length),
    };
  };
  // The lifecycle knows no contributors.
  const previous = stored.map(({ contributors: _, ...pattern }) => pattern);
  const { mined, result } = learnFrom(pool.miner, { ...input, previous, judge });
  return { mined, result: withContributors(result, stored, contributors) };
}

/** The decision types of at least two agents, and those of the pool's patterns. */
function typesOf(
  members: readonly { readonly decisionTypes: ReadonlySet<string> }[],
  stored: readonly Pattern[],
): string[] {
  const counts = new Map<string, number>();
  for (const { decisionTypes } of members)
    for (const type of decisionTypes) counts.set(type, (counts.get(type) ?? 0) + 1);
  const common = [...counts].filter(([, agents]) => agents >= 2).map(([type]) => type);
  return [...new Set([...common, ...stored.map(({ decisionType }) => decisionType)])].sort();
}

/** The miner's result with the agents' verdicts on it. Findings that the agents refuted count as rejected. */
function withFindings(mined: MiningResult, findings: readonly Finding[]): MiningResult {
  const rejected = { ...mined.rejected };
  findings.forEach(({ verdict, reason }, i) => {
    if (mined.findings[i]!.verdict === 'promote' && verdict === 'reject' && reason !== 'significant')
      rejected[reason] = (rejected[reason] ?? 0) + 1;
  });
  return { ...mined, findings, rejected };
}

/** Adds to the lifecycle's result the agents whose decisions are behind each pattern. */
function withContributors(
  result: LifecycleResult,
  stored: readonly Pattern[],
  contributors: ReadonlyMap<string, readonly Contributor[]>,
): LifecycleResult {
  const before = new Map(stored.map((pattern) => [pattern.patternId, pattern]));
  const touched = new Set([
    ...result.changes.map(({ after }) => after.patternId),
    ...result.evidence.map(({ pattern }) => pattern.patternId),
  ]);
  const patterns = result.patterns.map((pattern): Pattern => {
    const old = before.get(pattern.patternId);
    const found = touched.has(pattern.patternId) ? contributors.get(pattern.patternId) : undefined;
    // The contributors stay known when the last of their decisions has left the window.
    const now = found && found.length > 0 ? found : old?.contributors;
    return now ? { ...pattern, contributors: now } : pattern;
  });
  return {
    ...result,
    patterns,
    changes: patterns
      .map((after) => ({ before: before.get(after.patternId), after }))
      .filter((change) => canonicalJson(change.after) !== canonicalJson(change.before)),
    dropped: result.dropped.map((pattern) => before.get(pattern.patternId)!),
  };
}
