import type { AgentRegistry } from '../agents/agent-registry.ts';
import { isLive, type Pattern } from '../patterns/pattern.ts';
import type { Contributor } from '../mining/vocabulary.ts';
import type { PatternStore } from '../patterns/pattern-store.ts';
import type { ConsumedUnits } from '../shared/dynamodb/capacity-meter.ts';
import type { Clock } from '../shared/platform/clock.ts';
import { canonicalJson } from '../shared/platform/ids.ts';
import { typeOfPool } from '../shared/schema/owners.ts';
import { isDecaying } from '../patterns/lifecycle/dormancy.ts';
import { type Judged, learnFrom } from '../patterns/lifecycle/learning.ts';
import type { LifecycleResult } from '../patterns/lifecycle/lifecycle.ts';
import type { LifecycleSettings } from '../patterns/lifecycle/lifecycle-settings.ts';
import type { KnownPools } from './known-pools.ts';
import { previousRunBefore } from './previous-run.ts';
import { byAgent, judgeAcrossAgents } from '../mining/judging/across-agents.ts';
import type { Finding, MiningResult } from '../mining/types.ts';
import { type Member, type Pool, readPool } from './pooled-window.ts';
import type { LastRun, TypeReport } from './run.ts';
import {
  type ConsolidationOutcome,
  type ConsolidationTask,
  outcomeOf,
  reportOf,
  saveLearned,
  totalsOf,
} from './run-outcome.ts';
import { windowAt, type WindowCases } from '../cases/window-cases.ts';

/** Agents of one type a pooled run takes, the first by id. */
export const MAX_MEMBERS = 1000;

/**
 * Turns the recent decisions of all agents of a type into what holds across them: patterns that at least two of them
 * bear out and no single one carries. Stored under an owner of its own, offered to every agent of the type.
 *
 * Reads what the agents' own runs read once more: 0.25 units a KB.
 */
export class PooledConsolidation {
  readonly #registry: AgentRegistry;
  readonly #cases: WindowCases;
  readonly #store: PatternStore;
  readonly #pools: KnownPools;
  readonly #clock: Clock;
  readonly #consumed: () => ConsumedUnits;
  readonly #lifecycle: LifecycleSettings | undefined;

  constructor(
    parts: { registry: AgentRegistry; cases: WindowCases; store: PatternStore; pools: KnownPools },
    clock: Clock,
    consumed: () => ConsumedUnits,
    lifecycle?: LifecycleSettings,
  ) {
    this.#registry = parts.registry;
    this.#cases = parts.cases;
    this.#store = parts.store;
    this.#pools = parts.pools;
    this.#clock = clock;
    this.#consumed = consumed;
    this.#lifecycle = lifecycle;
  }

  /** The same as an agent's own: a function of the windows, of the patterns before it and of `asOf`, and a fixpoint. */
  async consolidate(task: ConsolidationTask, previous: LastRun | undefined): Promise<ConsolidationOutcome> {
    const startedAt = this.#clock();
    this.#consumed();
    const { agentId: owner, asOf } = task;
    const dryRun = previous !== undefined && asOf < previous.asOf;
    if (!dryRun) await this.#pools.note(owner);
    const window = windowAt(asOf);
    const stored = await this.#store.ofAgent(owner);
    const agents = await this.#registry.ofType(typeOfPool(owner) ?? '');
    const members: (Member & { readonly decisionTypes: ReadonlySet<string> })[] = [];
    for (const agentId of agents.slice(0, MAX_MEMBERS))
      members.push({
        agentId,
        decisionTypes: new Set(await this.#registry.decisionTypes(agentId)),
        seen: await this.#cases.seenIn(agentId, window),
      });
    const previousLook = previousRunBefore(asOf, previous);
    const types: TypeReport[] = [];
    let pages = 0;
    let livePatterns = 0;
    for (const decisionType of typesOf(members, stored)) {
      const patterns = stored.filter((pattern) => pattern.decisionType === decisionType);
      const who = members.filter(({ decisionTypes }) => decisionTypes.has(decisionType));
      const pool = await readPool(this.#cases, owner, who, decisionType, window, previousLook);
      const { report, result } = await this.#learn(task, decisionType, patterns, pool, dryRun);
      types.push({ ...report, truncated: report.truncated || agents.length > MAX_MEMBERS });
      pages += pool.pages;
      livePatterns += result.patterns.filter((pattern) => isLive(pattern) || isDecaying(pattern)).length;
    }
    // The decisions are counted with the agents that made them.
    const totals = { ...totalsOf(types, this.#consumed()), decisions: 0, resolved: 0 };
    return outcomeOf({
      task,
      previousLook,
      startedAt,
      now: this.#clock(),
      dryRun,
      totals,
      pages,
      types,
      livePatterns,
    });
  }

  async #learn(
    task: ConsolidationTask,
    decisionType: string,
    stored: readonly Pattern[],
    pool: Pool,
    dryRun: boolean,
  ): Promise<{ report: TypeReport; result: LifecycleResult }> {
    const { settings } = this.#cases;
    const contributors = new Map<string, readonly Contributor[]>();
    const judge = (found: MiningResult, retested: readonly Finding[]): Judged => {
      const judged = judgeAcrossAgents(
        found.tested,
        byAgent(pool.agents, found.findings),
        byAgent(pool.agents, retested),
        settings,
        decisionType,
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
    const { newShare } = pool;
    const lifecycle = this.#lifecycle;
    const input = { ...task, decisionType, settings, lifecycle, previous, newShare, judge };
    const { mined, result: found } = learnFrom(pool.miner, input);
    const result = withContributors(found, stored, contributors);
    if (!dryRun) await saveLearned(this.#store, task, result);
    const { decisions, truncated } = pool;
    const read = { decisions, truncated, truncatedPaths: mined.truncatedPaths };
    return { result, report: reportOf(task, decisionType, read, { mined, result }) };
  }
}

/** What at least two agents decide, and what is known already. */
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

/** What the miner found, with what the agents made of it; what they refuted counts as rejected. */
function withFindings(mined: MiningResult, findings: readonly Finding[]): MiningResult {
  const rejected = { ...mined.rejected };
  findings.forEach(({ verdict, reason }, i) => {
    if (mined.findings[i]!.verdict === 'promote' && verdict === 'reject' && reason !== 'significant')
      rejected[reason] = (rejected[reason] ?? 0) + 1;
  });
  return { ...mined, findings, rejected };
}

/** The lifecycle knows no contributors: whose decisions are behind a pattern is added to what it says. */
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
    // Whose decisions they were stays known when the last of them has left the window.
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
