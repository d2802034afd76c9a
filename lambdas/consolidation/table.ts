import { entityOf } from '../shared/dynamodb/entity.ts';
import type { Item } from '../shared/dynamodb/table.ts';
import { toTtl } from '../shared/platform/clock.ts';
import { parseTypedId } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import type { AgentResult, RunTotals } from './contract.ts';
import { type LastRun, RUN_RETENTION_MS, type RunRecord, totalNames } from './run.ts';

/**
 * Runs in `agent_state`.
 *
 * - `run:{runId}` / `RUN`: the run and its counters; `run:{runId}` / `AGENT#{agentId}`: one agent's result
 * - `runs` / `{time}#{runId}`: pointers, so one query lists runs newest first
 * - `agent:{agentId}` / `LASTRUN`: the agent's last run, by which the planner skips idle agents
 * - `agent:{agentId}` / `WAITINGRUN`: the run that further requests of the agent join while it waits
 * - `pools` / `type:{agentType}`: every pool that a run ever consolidated
 */
export const RUNS_PARTITION = 'runs';
const AGENT_PREFIX = 'AGENT#';

const runPartition = (runId: string): string => `run:${runId}`;

export const runKey = (runId: string) => ({ [PARTITION_KEY]: runPartition(runId), [SORT_KEY]: 'RUN' });

export const resultKey = (runId: string, agentId: string) => ({
  [PARTITION_KEY]: runPartition(runId),
  [SORT_KEY]: `${AGENT_PREFIX}${agentId}`,
});

/** Query of all results of a run. */
export const resultsOf = (runId: string) => ({
  partition: runPartition(runId),
  sort: { prefix: AGENT_PREFIX },
});

export const agentIdOfResult = (item: Item): string => String(item[SORT_KEY]).slice(AGENT_PREFIX.length);

export const pointerKeyAt = (sortKey: string) => ({ [PARTITION_KEY]: RUNS_PARTITION, [SORT_KEY]: sortKey });

export const pointerKey = (runId: string) => pointerKeyAt(`${parseTypedId(runId)?.timestamp}#${runId}`);

export const runIdOfPointer = (item: Item): string => String(item[SORT_KEY]).split('#')[1]!;

export const POOLS_PARTITION = 'pools';

export const toPoolItem = (owner: string) => ({ [PARTITION_KEY]: POOLS_PARTITION, [SORT_KEY]: owner });

export const ownerOfPoolRow = (item: Item): string => String(item[SORT_KEY]);

export const lastRunKey = (agentId: string) => ({
  [PARTITION_KEY]: `agent:${agentId}`,
  [SORT_KEY]: 'LASTRUN',
});

export const waitingRunKey = (agentId: string) => ({
  [PARTITION_KEY]: `agent:${agentId}`,
  [SORT_KEY]: 'WAITINGRUN',
});

export const toWaitingRunItem = (agentId: string, runId: string, now: Date): Item => ({
  ...waitingRunKey(agentId),
  runId,
  ttl: toTtl(now.getTime() + RUN_RETENTION_MS),
});

const ttlOf = (startedAt: string): number => toTtl(Date.parse(startedAt) + RUN_RETENTION_MS);

/** The run's row. Its totals are attributes of their own, because ADD counts top-level attributes only. */
export function toRunItem({ totals, ...run }: RunRecord): Item {
  return { ...runKey(run.runId), ...run, ...totals, ttl: ttlOf(run.startedAt) };
}

export const fromRunItem = (item: Item): RunRecord => ({
  ...entityOf<Omit<RunRecord, 'totals'>>(item, ...totalNames),
  totals: Object.fromEntries(totalNames.map((name) => [name, Number(item[name] ?? 0)])) as RunTotals,
});

export const toPointerItem = (run: RunRecord): Item => ({
  ...pointerKey(run.runId),
  ttl: ttlOf(run.startedAt),
});

export const toResultItem = (runId: string, result: AgentResult, ttl: number): Item => ({
  ...resultKey(runId, result.agentId),
  ...result,
  ttl,
});

export const fromResultItem = (item: Item): AgentResult => entityOf<AgentResult>(item);

export const toLastRunItem = (agentId: string, lastRun: LastRun): Item => ({
  ...lastRunKey(agentId),
  ...lastRun,
});

export const fromLastRunItem = (item: Item): LastRun => entityOf<LastRun>(item);

export const agentIdOf = (item: Item): string => String(item[PARTITION_KEY]).slice('agent:'.length);
