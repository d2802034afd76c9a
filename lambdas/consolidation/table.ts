import { toTtl } from '../shared/platform/clock.ts';
import { parseTypedId } from '../shared/platform/ids.ts';
import { PARTITION_KEY, SORT_KEY } from '../shared/schema/tables.ts';
import {
  type AgentResult,
  type LastRun,
  RUN_RETENTION_MS,
  type RunRecord,
  totalNames,
  type RunTotals,
} from './run.ts';

/**
 * Runs in `agent_state`.
 *
 * - `run:{runId}` / `RUN`: the run and its counters; `run:{runId}` / `AGENT#{agentId}`: one agent's result
 * - `runs` / `{time}#{runId}`: pointers, so runs are listed newest first by one query
 * - `agent:{agentId}` / `LASTRUN`: what the planner skips by
 * - `pools` / `type:{agentType}`: every pool that was ever worked on
 */
export const RUNS_PARTITION = 'runs';
const AGENT_PREFIX = 'AGENT#';

const runPartition = (runId: string): string => `run:${runId}`;

export const runKey = (runId: string) => ({ [PARTITION_KEY]: runPartition(runId), [SORT_KEY]: 'RUN' });

export const resultKey = (runId: string, agentId: string) => ({
  [PARTITION_KEY]: runPartition(runId),
  [SORT_KEY]: `${AGENT_PREFIX}${agentId}`,
});

export const resultsOf = (runId: string) => ({
  partition: runPartition(runId),
  prefix: AGENT_PREFIX,
});

export const pointerKey = (runId: string) => ({
  [PARTITION_KEY]: RUNS_PARTITION,
  [SORT_KEY]: `${parseTypedId(runId)?.timestamp}#${runId}`,
});

export const runIdOfPointer = (item: Item): string => String(item[SORT_KEY]).split('#')[1]!;

export const POOLS_PARTITION = 'pools';

export const toPoolItem = (owner: string) => ({ [PARTITION_KEY]: POOLS_PARTITION, [SORT_KEY]: owner });

export const ownerOfPoolRow = (item: Item): string => String(item[SORT_KEY]);

export const lastRunKey = (agentId: string) => ({
  [PARTITION_KEY]: `agent:${agentId}`,
  [SORT_KEY]: 'LASTRUN',
});

type Item = Record<string, unknown>;

const ttlOf = (startedAt: string): number => toTtl(Date.parse(startedAt) + RUN_RETENTION_MS);

/** The run's row; its totals are attributes of their own, because ADD counts top-level attributes only. */
export function toRunItem({ totals, ...run }: RunRecord): Item {
  return { ...runKey(run.runId), ...run, ...totals, ttl: ttlOf(run.startedAt) };
}

export function fromRunItem(item: Item): RunRecord {
  const { [PARTITION_KEY]: _pk, [SORT_KEY]: _sk, ttl: _ttl, ...rest } = item;
  const totals = Object.fromEntries(totalNames.map((name) => [name, Number(rest[name] ?? 0)]));
  for (const name of totalNames) delete rest[name];
  return { ...(rest as unknown as RunRecord), totals: totals as unknown as RunTotals };
}

export const toPointerItem = (run: RunRecord): Item => ({
  ...pointerKey(run.runId),
  ttl: ttlOf(run.startedAt),
});

export const toResultItem = (runId: string, result: AgentResult, ttl: number): Item => ({
  ...resultKey(runId, result.agentId),
  ...result,
  ttl,
});

export function fromResultItem(item: Item): AgentResult {
  const { [PARTITION_KEY]: _pk, [SORT_KEY]: _sk, ttl: _ttl, ...rest } = item;
  return rest as unknown as AgentResult;
}

export const toLastRunItem = (agentId: string, lastRun: LastRun): Item => ({
  ...lastRunKey(agentId),
  ...lastRun,
});

export function fromLastRunItem(item: Item): LastRun {
  const { [PARTITION_KEY]: _pk, [SORT_KEY]: _sk, ...rest } = item;
  return rest as unknown as LastRun;
}

export const agentIdOf = (item: Item): string => String(item[PARTITION_KEY]).slice('agent:'.length);
