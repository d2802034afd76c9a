import type { AgeingReport } from '../memories/ageing/report.ts';
import { DAY_MS } from '../shared/platform/clock.ts';
import type { MiningLimits } from '../mining/types.ts';

/** A consolidation run: what it covers, how far it is, what it found. */
export type RunStatus = 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED';
export type RunTrigger = 'schedule' | 'operator' | 'agent';
export type AgentResultKind = 'CONSOLIDATED' | 'SKIPPED' | 'FAILED';

/** What is summed over the decision types of an agent. */
export const typeTotalNames = ['decisions', 'resolved', 'tested', 'promoted', 'updated', 'demoted'] as const;
/** Sums over the agents of a run. */
export const totalNames = [
  ...typeTotalNames,
  'memoriesPruned',
  'memoriesCompressed',
  'readUnits',
  'writeUnits',
] as const;
export type RunTotals = Readonly<Record<(typeof totalNames)[number], number>>;

/** A run's row as it is stored; its status is derived when it is read. */
export interface RunRecord {
  readonly runId: string;
  readonly trigger: RunTrigger;
  /** Only this agent; absent: all. */
  readonly agentId?: string;
  readonly asOf: string;
  readonly startedAt: string;
  /** When the planner began; until then the run is PENDING. */
  readonly planningAt?: string;
  /** Agents the run covers; known when the planner has finished. */
  readonly expected?: number;
  readonly consolidated: number;
  readonly skipped: number;
  readonly failed: number;
  readonly lastResultAt?: string;
  readonly totals: RunTotals;
}

export interface Nearest {
  readonly decisionType: string;
  readonly patternId: string;
  readonly description: string;
  readonly reason: string;
  readonly n: number;
  readonly rate: number;
  readonly baseline: number;
  readonly pValue: number;
  readonly qValue: number | null;
}

/** What a run did for one decision type of one agent. */
export interface TypeReport {
  readonly decisionType: string;
  /** Decisions read in the window, and those of them whose outcome counts. */
  readonly decisions: number;
  readonly resolved: number;
  readonly tested: number;
  readonly promoted: number;
  readonly updated: number;
  readonly demoted: number;
  /** Of those demoted, the ones that are retired; absent in reports from before it was counted. */
  readonly retired?: number;
  /** Mean confidence of the type's promoted patterns after the run, null without any; absent as above. */
  readonly confidence?: number | null;
  /** Candidates that no longer made the cut and were dropped. */
  readonly dropped: number;
  /** Only the newest decisions were read: there are more than a run takes. */
  readonly truncated: boolean;
  /** Context paths with more values than are tested. */
  readonly truncatedPaths: string[];
  /** What was left out because there was too much of it; absent when nothing was. */
  readonly limits?: MiningLimits;
  /** How many tested conjunctions failed for which reason. */
  readonly rejected: Readonly<Record<string, number>>;
  /** The best of what was not promoted. */
  readonly nearest: Nearest[];
}

export interface AgentReport {
  /** `asOf` lies before the last completed run's: everything was computed, nothing was stored. */
  readonly dryRun: boolean;
  readonly totals: RunTotals;
  readonly pages: number;
  readonly durationMs: number;
  /** Days whose results were counted anew; absent for a pool. */
  readonly rolledUpDays?: number;
  readonly types: TypeReport[];
  /** What became of the agent's memories; absent for a pool, which has none. */
  readonly memories?: AgeingReport;
}

export interface AgentResult {
  readonly agentId: string;
  readonly result: AgentResultKind;
  readonly finishedAt: string;
  readonly report?: AgentReport;
  /** Why it failed, one line. */
  readonly error?: string;
}

/** What the planner decides by whether an agent has anything new. */
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
  /** Days whose results wait to be rolled up; their decisions will not be there for ever. @default 0 */
  readonly touchedDays?: number;
}

export const RUN_RETENTION_MS = 90 * DAY_MS;
/** A run that has not ended by then never will. */
export const RUN_TIMEOUT_MS = DAY_MS;

export const zeroTotals: RunTotals = Object.fromEntries(totalNames.map((name) => [name, 0])) as RunTotals;

export interface RunProgress {
  readonly status: RunStatus;
  readonly finishedAt: string | null;
}

/** Agents a run covers: one that names its agent covers one, also when its planner was killed before it could say so. */
export const expectedOf = ({ expected, agentId }: RunRecord): number | undefined =>
  expected ?? (agentId === undefined ? undefined : 1);

/** A run has succeeded when every agent has a result; it failed when of those that were worked on none was consolidated. */
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
