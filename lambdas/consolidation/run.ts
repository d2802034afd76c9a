import { DAY_MS } from '../shared/platform/clock.ts';
import type { RunTotals, RunView } from './contract.ts';

/** The sums over the decision types of an agent. */
export const typeTotalNames = ['decisions', 'resolved', 'tested', 'promoted', 'updated', 'demoted'] as const;
/** The sums over the agents of a run. */
export const totalNames = [
  ...typeTotalNames,
  'memoriesPruned',
  'memoriesCompressed',
  'readUnits',
  'writeUnits',
] as const satisfies readonly (keyof RunTotals)[];

type Counts = Omit<RunView['progress'], 'expected'>;

/** A consolidation run as it is stored: what it covers and how far it is. Reading it derives the status. */
export interface RunRecord
  extends Pick<RunView, 'runId' | 'trigger' | 'agentId' | 'asOf' | 'startedAt'>, Counts {
  /**
   * When the planner began; of a run of one agent, when a worker did. Before that the run is PENDING, and the `asOf` of
   * a run of one agent may still become newer.
   */
  readonly planningAt?: string;
  /** Number of agents the run covers. Known when the planner has finished. */
  readonly expected?: number;
  readonly lastResultAt?: string;
  readonly totals: RunTotals;
}

/** An agent's last run, by which the planner tells whether the agent has anything new. */
export interface LastRun {
  readonly runId: string;
  readonly asOf: string;
  /** The run before it that looked at less; absent: it was the first. */
  readonly before?: { readonly asOf: string; readonly startedAt: string };
  readonly startedAt: string;
  /** Patterns whose numbers may age: candidate, promoted or suspect, and those that others offer. */
  readonly livePatterns: number;
  /** Memories that may still age. @default - none */
  readonly ageingMemories?: number;
  /** Days whose results still wait for their rollup. Their decisions expire one day. @default 0 */
  readonly touchedDays?: number;
}

export const RUN_RETENTION_MS = 90 * DAY_MS;
/** A run that has not ended by then never will. */
export const RUN_TIMEOUT_MS = DAY_MS;

export const zeroTotals: RunTotals = Object.fromEntries(totalNames.map((name) => [name, 0])) as RunTotals;

export type RunProgress = Pick<RunView, 'status' | 'finishedAt'>;

/** A planner has taken the run, and is retried until all its work is in the queue. */
export const isPlanned = ({ planningAt, expected }: RunRecord): boolean =>
  planningAt !== undefined || expected !== undefined;

/** Number of agents a run covers. A run of one agent covers one, also when its planner was killed before it said so. */
export const expectedOf = ({ expected, agentId }: RunRecord): number | undefined =>
  expected ?? (agentId === undefined ? undefined : 1);

/**
 * A run succeeds when every agent has a result. It fails when at least one agent failed and none was consolidated, and
 * when it has not ended within its timeout.
 */
export function progressOf(run: RunRecord, now: Date): RunProgress {
  const done = run.consolidated + run.skipped + run.failed;
  const expected = expectedOf(run);
  if (expected !== undefined && done >= expected)
    return {
      status: run.failed > 0 && run.consolidated === 0 ? 'FAILED' : 'SUCCEEDED',
      finishedAt: run.lastResultAt ?? run.planningAt ?? run.startedAt,
    };
  const timeout = Date.parse(run.startedAt) + RUN_TIMEOUT_MS;
  if (now.getTime() >= timeout) return { status: 'FAILED', finishedAt: new Date(timeout).toISOString() };
  return { status: run.planningAt === undefined ? 'PENDING' : 'RUNNING', finishedAt: null };
}
