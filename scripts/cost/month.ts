import { metricNames } from '../../lambdas/shared/schema/metrics.ts';
import { rooms } from '../../lambdas/rooms.ts';
import type { Usage } from './bill.ts';
import { AGENTS, COLD_SHARE, DECISIONS_KEPT, NIGHTS } from './kind.ts';
import type { Units } from './meter.ts';
import { mix, reports } from './mix.ts';
import type { Measured } from './replay.ts';
import type { Deployed } from './template.ts';

/** What cannot be measured on this machine, said where the result is. */
export const ASSUMED = {
  requestSeconds: 0.05,
  coldSeconds: 0.4,
  workerSeconds: 3,
  /** A decision with its index rows is 2 KB, 30,000 are 60 MB; and as much again of everything else. */
  storedGigabytes: 0.12,
  /** Of one agent. */
  memoryKilobytes: 300,
  /** Function log, platform log and access log of a request. */
  logBytes: 1_700,
  archivedObjects: 10_000,
  archivedGigabytes: 0.1,
  archiverInvocations: 10_000,
} as const;

const DAYS_A_WEEK = 7;
/** Of a collection that is read whole, eventually consistent. */
const MEMORY_UNITS_PER_KB = 0.125;

/** One kind of request, in a month. */
export interface MonthlyKind {
  readonly name: string;
  readonly count: number;
  readonly writesEach: number;
  readonly readsEach: number;
}

/** What comes on top of the requests as they were replayed. */
export interface MonthlyExtra extends Units {
  readonly name: string;
}

export interface Month {
  readonly kinds: readonly MonthlyKind[];
  readonly extras: readonly MonthlyExtra[];
  readonly usage: Usage;
}

export interface Replayed {
  /** One request in so many was replayed. */
  readonly scale: number;
  /** Decisions there were in the end. */
  readonly decisions: number;
  /** Of these, those not older than a week. */
  readonly ofAWeek: number;
  readonly measured: readonly Measured[];
  /** Of one night, and of one report of one agent, which has a third of the decisions, here as there. */
  readonly night: Units;
  readonly report: Units;
}

const decisionsAMonth = mix.find(({ name }) => name === 'log a decision')!.count;

/** Requests that read again what the replay's one instance had read: of decisions as much more as there are more. */
function rereads({ ofAWeek, measured }: Replayed): MonthlyExtra[] {
  const growth = (decisionsAMonth * DAYS_A_WEEK) / NIGHTS / ofAWeek;
  return measured.flatMap(({ kind, replayed, reads, first }) => {
    if (!kind.rereads || first === undefined) return [];
    const measuredMore = Math.max(0, first.reads - reads / replayed);
    // The few memories of the replay fit one read unit; what there would be is added at what reading a KB costs.
    const more =
      kind.rereads.with === 'memories'
        ? measuredMore + ASSUMED.memoryKilobytes * MEMORY_UNITS_PER_KB
        : measuredMore + first.ofDecisions * (growth - 1);
    return [
      {
        name: `${kind.rereads.count.toLocaleString('en-US')} × ${kind.rereads.with} read again, to ${kind.name}`,
        writes: 0,
        reads: kind.rereads.count * more,
      },
    ];
  });
}

/** @param stage what is deployed of it */
export function monthOf(replayed: Replayed, stage: Deployed & { readonly tracing: boolean }): Month {
  const { decisions, measured, night, report } = replayed;
  const kinds = measured.map(({ kind: { name, count }, replayed: times, writes, reads }) => ({
    name,
    count,
    writesEach: writes / times,
    readsEach: reads / times,
  }));
  const more = DECISIONS_KEPT / decisions;
  const extras: MonthlyExtra[] = [
    { name: `${NIGHTS} nights`, writes: night.writes * NIGHTS, reads: night.reads * NIGHTS * more },
    { name: `${reports.count} × ${reports.name}`, writes: 0, reads: report.reads * reports.count * more },
    ...rereads(replayed),
  ];
  const sumOf = (pick: (units: Units) => number): number =>
    [
      ...kinds.map(({ count, writesEach, readsEach }) =>
        pick({ writes: count * writesEach, reads: count * readsEach }),
      ),
      ...extras.map(pick),
    ].reduce((sum, some) => sum + some, 0);
  const requests = mix.reduce((total, { count }) => total + count, reports.count);
  const workers = NIGHTS * (AGENTS.length + 1);
  const countOf = (kind: string) => mix.find(({ name }) => name === kind)!.count;
  const behind =
    countOf('publish a signal to one agent') +
    countOf('append a message') +
    ASSUMED.archiverInvocations +
    stage.schedulesAMonth +
    workers;
  const secondsEach = ASSUMED.requestSeconds + COLD_SHARE * ASSUMED.coldSeconds;
  return {
    kinds,
    extras,
    usage: {
      writeUnits: sumOf(({ writes }) => writes),
      readUnits: sumOf(({ reads }) => reads),
      storedGigabytes: ASSUMED.storedGigabytes,
      requests,
      invocations: requests + behind,
      gigabyteSeconds:
        mix.reduce((total, { count, gigabytes }) => total + count * gigabytes * secondsEach, 0) +
        behind * ASSUMED.requestSeconds * 0.5 +
        workers * ASSUMED.workerSeconds * (rooms.consolidation.functions.worker.memoryMegabytes / 1024),
      mappedQueues: stage.mappedQueues,
      busEvents: countOf('publish a signal to one agent'),
      scheduled: stage.schedulesAMonth,
      logGigabytes: ((requests + behind) * ASSUMED.logBytes) / 1e9,
      // Lambda traces the first request of every second: at this pace, all.
      traces: stage.tracing ? requests + behind : 0,
      metrics: Object.keys(metricNames).length,
      alarms: stage.alarms,
      dashboards: stage.dashboards,
      archivedObjects: ASSUMED.archivedObjects,
      archivedGigabytes: ASSUMED.archivedGigabytes,
    },
  };
}
