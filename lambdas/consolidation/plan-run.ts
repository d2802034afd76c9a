import type { AgentRegistry } from '../agents/agent-registry.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../shared/platform/clock.ts';
import { type PlannedTask, Pools } from './pools.ts';
import type { AgentResult, LastRun, RunRecord } from './run.ts';
import { type RunLedger, SKIP_BATCH } from './run-ledger.ts';
import type { WorkQueue } from './work-queue.ts';

/** Clocks differ, and a timestamp may lie this far ahead of the one that stored it. */
const SLACK_MS = 5 * MINUTE_MS;
/**
 * So long after its last write a deregistered agent is still rolled up: its last day is over after one night, and
 * settled after two; two more are for nights that fail.
 */
const ROLLED_UP_FOR_MS = 4 * DAY_MS;
/** Agents whose last runs are read at a time: one BatchGetItem. */
const AGENT_BATCH = 100;

/**
 * Whether a run has nothing to do for an agent: it wrote nothing since its last run began (known to the hour), and
 * has no pattern whose numbers and no memory that could age, and no day whose results are still to be rolled up. An agent
 * that never wrote has nothing to learn from.
 */
export function nothingNew(activeHour: string | undefined, lastRun: LastRun | undefined): boolean {
  if (activeHour === undefined) return true;
  if (!lastRun || lastRun.livePatterns > 0) return false;
  if ((lastRun.ageingMemories ?? 0) > 0 || (lastRun.touchedDays ?? 0) > 0) return false;
  const lastWriteBefore = Date.parse(`${activeHour}:00:00.000Z`) + HOUR_MS;
  return lastWriteBefore + SLACK_MS < Math.min(Date.parse(lastRun.startedAt), Date.parse(lastRun.asOf));
}

const wroteLately = (activeHour: string | undefined, { startedAt }: RunRecord): activeHour is string =>
  activeHour !== undefined &&
  Date.parse(`${activeHour}:00:00.000Z`) + ROLLED_UP_FOR_MS > Date.parse(startedAt);

/**
 * Sends a run's agents, and after them its pools, to the workers. Done again after it was cut short, it sends again:
 * duplicates do nothing.
 */
export class RunPlanning {
  readonly #ledger: RunLedger;
  readonly #registry: AgentRegistry;
  readonly #queue: WorkQueue;

  constructor(ledger: RunLedger, registry: AgentRegistry, queue: WorkQueue) {
    this.#ledger = ledger;
    this.#registry = registry;
    this.#queue = queue;
  }

  /** @returns agents sent to a worker; 0 when the run had been planned, or is gone */
  async plan(runId: string): Promise<number> {
    const run = await this.#ledger.get(runId);
    if (!run || run.expected !== undefined) return 0;
    await this.#ledger.begin(runId);
    const sent = run.agentId === undefined ? await this.#planAll(run) : await this.#planOne(run, run.agentId);
    return sent;
  }

  async #planOne({ runId, asOf }: RunRecord, agentId: string): Promise<number> {
    await this.#queue.send([{ runId, agentId, asOf }]);
    await this.#ledger.planned(runId, 1);
    return 1;
  }

  async #planAll(run: RunRecord): Promise<number> {
    // Who was decided on in an earlier attempt stays decided on: by now its worker may have made it look idle.
    const decided = await this.#decided(run);
    const counted = new Set<string>();
    let sent = 0;
    let batch: PlannedTask[] = [];
    const flush = async () => {
      const lastRuns = await this.#ledger.lastRuns(batch.map(({ agentId }) => agentId));
      const idle = batch.filter(({ agentId, activeHour }) => nothingNew(activeHour, lastRuns.get(agentId)));
      const skipped = new Set(idle.map(({ agentId }) => agentId));
      const tasks = batch
        .filter(({ agentId }) => !skipped.has(agentId))
        .map(({ agentId, rollUpOnly }) => ({ runId: run.runId, agentId, asOf: run.asOf, rollUpOnly }));
      await this.#queue.send(tasks);
      for (let start = 0; start < idle.length; start += SKIP_BATCH)
        await this.#ledger.skip(run.runId, [...skipped].slice(start, start + SKIP_BATCH));
      sent += tasks.length;
      batch = [];
    };
    const pools = new Pools();
    const add = async (agent: PlannedTask) => {
      counted.add(agent.agentId);
      if (decided.has(agent.agentId)) return;
      batch.push(agent);
      if (batch.length === AGENT_BATCH) await flush();
    };
    for await (const agent of this.#registry.all()) {
      // An index page may show an agent twice; it is counted once.
      if (counted.has(agent.agentId)) continue;
      pools.add(agent);
      await add(agent);
    }
    for await (const { agentId, activeHour } of this.#registry.deregistered())
      if (!counted.has(agentId) && wroteLately(activeHour, run))
        await add({ agentId, activeHour, rollUpOnly: true });
    for (const pool of pools.shared()) await add(pool);
    for (const pool of await this.#bereft(pools)) await add(pool);
    if (batch.length > 0) await flush();
    for (const agentId of decided) counted.add(agentId);
    await this.#ledger.planned(run.runId, counted.size);
    return sent;
  }

  /** Pools that are down to one agent and know something still: a run retires what nobody else bears out any more. */
  async #bereft(pools: Pools): Promise<PlannedTask[]> {
    const single = pools.single();
    const lastRuns = await this.#ledger.lastRuns(single.map(({ agentId }) => agentId));
    return single.filter(({ agentId }) => (lastRuns.get(agentId)?.livePatterns ?? 0) > 0);
  }

  async #decided({ runId, planningAt }: RunRecord): Promise<Set<string>> {
    const decided = new Set<string>();
    if (planningAt === undefined) return decided;
    let after: string | undefined;
    do {
      const page: { results: AgentResult[]; last: string | undefined } = await this.#ledger.results(
        runId,
        undefined,
        after,
      );
      for (const { agentId } of page.results) decided.add(agentId);
      after = page.last;
    } while (after !== undefined);
    return decided;
  }
}
