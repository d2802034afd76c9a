import type { AgentRegistry } from '../agents/agent-registry.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../shared/platform/clock.ts';
import { type Candidate, Pools } from './pools.ts';
import type { LastRun, RunRecord } from './run.ts';
import { type RunLedger, SKIP_BATCH } from './run-ledger.ts';
import type { WorkQueue } from './work-queue.ts';

/** Clocks differ. A timestamp may lie this far ahead of the clock that stored it. */
const SLACK_MS = 5 * MINUTE_MS;
/**
 * How long after its last write a deregistered agent is still rolled up. Its last day is over after one night and settled
 * after two; two more nights are a reserve for nights that fail.
 */
const ROLLED_UP_FOR_MS = 4 * DAY_MS;
/** Last runs of this many agents are read at a time: one BatchGetItem. */
const AGENT_BATCH = 100;

/**
 * True when a run has nothing to do for an agent. Such an agent wrote nothing since its last run began (known to the
 * hour). It has no pattern or memory that could age, and no day that still waits for its rollup. An agent that never wrote
 * has nothing to learn from.
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
 * Sends a run's agents, and after them its pools, to the workers. Repeated after it was cut short, it sends them again:
 * duplicates do nothing.
 */
export class RunPlanner {
  readonly #ledger: RunLedger;
  readonly #registry: AgentRegistry;
  readonly #queue: WorkQueue;

  constructor(ledger: RunLedger, registry: AgentRegistry, queue: WorkQueue) {
    this.#ledger = ledger;
    this.#registry = registry;
    this.#queue = queue;
  }

  /** @returns the number of agents sent to a worker; 0 when the run had been planned, or is gone */
  async plan(runId: string): Promise<number> {
    const run = await this.#ledger.get(runId);
    if (!run || run.expected !== undefined) return 0;
    if (run.agentId !== undefined) return this.#planOne(run, run.agentId);
    await this.#ledger.begin(runId);
    return this.#planAll(run);
  }

  /** The run goes on waiting in the queue: its worker begins it, and takes its `asOf` from its row. */
  async #planOne({ runId, asOf }: RunRecord, agentId: string): Promise<number> {
    await this.#queue.send([{ runId, agentId, asOf }]);
    await this.#ledger.planned(runId, 1);
    return 1;
  }

  async #planAll(run: RunRecord): Promise<number> {
    // Keep the choices of an earlier attempt: a finished worker may have made its agent look idle.
    const decided =
      run.planningAt === undefined ? new Set<string>() : await this.#ledger.agentsWithResult(run.runId);
    const counted = new Set<string>();
    let sent = 0;
    let batch: Candidate[] = [];
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
    const add = async (agent: Candidate) => {
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
    for (const pool of await this.#orphaned(pools)) await add(pool);
    if (batch.length > 0) await flush();
    for (const agentId of decided) counted.add(agentId);
    await this.#ledger.planned(run.runId, counted.size);
    return sent;
  }

  /** Pools of a single agent that still have live patterns: a run retires those, because no second agent bears them out. */
  async #orphaned(pools: Pools): Promise<Candidate[]> {
    const single = pools.single();
    const lastRuns = await this.#ledger.lastRuns(single.map(({ agentId }) => agentId));
    return single.filter(({ agentId }) => (lastRuns.get(agentId)?.livePatterns ?? 0) > 0);
  }
}
