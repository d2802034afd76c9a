import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../shared/platform/clock.ts';
import type { TableName } from '../shared/schema/tables.ts';

/** The subject of an erasure: everything of one agent, or everything about one user. */
export type ErasureSubject = { readonly agentId: string } | { readonly userId: string };

/** A session of the user whose data is erased. */
export interface UserSession {
  readonly agentId: string;
  readonly sessionId: string;
}

/** Rows of each table, and records of the archive. */
export type ErasureCounts = Readonly<Record<TableName | 'archive', number>>;

export const zeroCounts: ErasureCounts = { decisions: 0, memory: 0, state: 0, signals: 0, archive: 0 };

/** An erasure as it is stored. Its status is derived when it is read. */
export interface ErasureRecord {
  readonly erasureId: string;
  readonly agentId?: string;
  readonly userId?: string;
  readonly requestedAt: string;
  /** When the worker last did something for it. */
  readonly updatedAt?: string;
  readonly finishedAt?: string;
  /** Number of times everything was looked through. The last pass of a finished erasure found nothing. */
  readonly passes: number;
  /** Invocations of the worker. */
  readonly invocations: number;
  /** When something was last removed for it. */
  readonly foundAt?: string;
  /** A nightly run was under way during a pass: its planner and workers may write for a quarter of an hour. */
  readonly duringRun?: boolean;
  readonly removed: ErasureCounts;
  /** Number of rows of others that something was taken out of. */
  readonly rewritten: number;
  /** Why it ended without having removed everything. */
  readonly gaveUp?: string;
  /** The agent's decision types, kept beyond its profile: they say where its decisions are. */
  readonly decisionTypes?: readonly string[];
}

/** Requests and stream readers take at most two minutes. The five seconds are for clocks that differ. */
const REQUESTS_END_MS = 2 * MINUTE_MS + 5 * SECOND_MS;
/** The planner takes at most a quarter of an hour, a worker ten minutes. */
const RUNS_END_MS = 16 * MINUTE_MS;

/**
 * The earliest time at which no in-flight writer can still hold data read before the last removal. A pass that begins
 * then and finds nothing proves that nothing is left.
 */
export const settledAt = ({ requestedAt, foundAt = requestedAt, duringRun }: ErasureRecord): Date =>
  new Date(Date.parse(foundAt) + (duringRun ? RUNS_END_MS : REQUESTS_END_MS));

export type ErasureStatus = 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED';

/** After this long without progress the worker has died for good: its three tries take minutes. */
const STALLED_MS = HOUR_MS;

export function statusOf(record: ErasureRecord, now: Date): ErasureStatus {
  if (record.gaveUp !== undefined) return 'FAILED';
  if (record.finishedAt !== undefined) return 'SUCCEEDED';
  if (now.getTime() - Date.parse(record.updatedAt ?? record.requestedAt) >= STALLED_MS) return 'FAILED';
  return record.updatedAt === undefined ? 'PENDING' : 'RUNNING';
}

export const STALLED = 'It made no progress for an hour; ask for it again: what is left is removed then';

export interface StillHeld {
  readonly where: string;
  readonly what: string;
  /** The time from which nothing of it is left there, UTC ISO-8601. */
  readonly until: string;
}

/** Lists the copies that no erasure reaches, counted from the time it ended (or from now). */
export function stillHeld(from: Date, logRetentionDays: number): StillHeld[] {
  const after = (days: number): string => new Date(from.getTime() + days * DAY_MS).toISOString();
  return [
    {
      where: 'backups',
      what: 'Point-in-time recovery of the four tables restores any second of the last 35 days.',
      until: after(35),
    },
    {
      where: 'streams',
      what: 'The change records of the tables, which only the functions of the service read. What expired before is no longer archived from them.',
      until: after(1),
    },
    {
      where: 'logs',
      what: `Log lines of requests name agents, callers and ids, no contents; kept ${logRetentionDays} days.`,
      until: after(logRetentionDays),
    },
    {
      where: 'failures',
      what: 'What a reader of the streams gives up on after this, whole, under aws/lambda/ in the archive bucket, if there is any; kept 90 days. What lay there is gone.',
      until: after(91),
    },
    {
      where: 'erasure',
      what: 'This record; for two days marks with the id of the agent, or of the sessions; for good, under the id of an agent, a number that has caches of its memories read again.',
      until: after(90),
    },
  ];
}
