/**
 * `npm run cost`: replays a month's mix in miniature on the local service, with every request to the tables metered,
 * and multiplies what was consumed by public prices. `--scale 100` (the default) replays a hundredth.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { documentOptions } from '../../lambdas/shared/dynamodb/client.ts';
import { DAY_MS } from '../../lambdas/shared/platform/clock.ts';
import { stages } from '../../lib/config.ts';
import { metricNames } from '../../lambdas/shared/schema/metrics.ts';
import { tables } from '../../lambdas/shared/schema/tables.ts';
import { WORKER_MEGABYTES } from '../../lib/consolidation-stack.ts';
import { table } from '../bench/figures.ts';
import { Progress } from '../demo/progress.ts';
import { BATCH_ROWS } from '../import/run.ts';
import { tableTarget } from '../import/target.ts';
import { CREDENTIALS, startService } from '../local/service.ts';
import { REGION } from '../local/template-values.ts';
import { billOf, peersOf, type Usage } from './bill.ts';
import { CapacityProxy, type Units } from './meter.ts';
import {
  agentOf,
  AGENTS,
  type Call,
  decisionOf,
  DECISIONS_KEPT,
  type Kind,
  type Made,
  mix,
  NIGHTS,
  reports,
} from './mix.ts';
import { deployedOf } from './template.ts';

/** What cannot be measured on this machine, said where the result is. */
const ASSUMED = {
  requestSeconds: 0.05,
  /** One in fifty requests meets a function that has to start, and pays for it. */
  coldShare: 0.02,
  coldSeconds: 0.4,
  workerSeconds: 3,
  storedGigabytes: 0.3,
  /** Function log, platform log and access log of a request. */
  logBytes: 1_700,
  archivedObjects: 10_000,
  archivedGigabytes: 0.1,
  archiverInvocations: 10_000,
} as const;

/** Decisions that were made before. */
const SEEDED = 3_000;
const CONCURRENCY = 4;
/** Streams are read to their end before the meter is. */
const SETTLE_MS = 4_000;

const print = (text: string) => process.stdout.write(`${text}\n`);
const dollars = (value: number) => value.toFixed(2);

/** A busy machine may be too slow for one try; what the first did then counts as well. */
async function request(url: string, { method, path, body }: Call, tries = 4): Promise<unknown> {
  const response = await fetch(url + path, {
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  if (response.status !== 503 || tries === 1)
    throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 300)}`);
  await sleep(1_000);
  return request(url, { method, path, body }, tries - 1);
}

interface Measured extends Units {
  readonly kind: Kind;
  readonly replayed: number;
}

async function replay(
  url: string,
  proxy: CapacityProxy,
  kind: Kind,
  times: number,
  made: Made,
): Promise<Measured> {
  let next = 0;
  const worker = async () => {
    while (next < times) {
      const i = next++;
      const answer = await request(url, kind.call(i, made));
      kind.keep?.(answer as never, made, agentOf(i));
    }
  };
  proxy.take();
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  // What the streams do about a write belongs to it: the relay's rows, a session's summary.
  if (kind.kind === 'write') await sleep(SETTLE_MS);
  return { kind, replayed: times, ...proxy.take() };
}

/** Past decisions with outcomes, straight into the tables and past the meter: nights and matches have something to read. */
async function seed(endpoint: string): Promise<void> {
  const client = new DynamoDBClient({ endpoint, region: REGION, credentials: CREDENTIALS });
  const target = tableTarget(DynamoDBDocumentClient.from(client, documentOptions), {
    decisions: tables.decisions.name,
    state: tables.state.name,
  });
  const start = Date.now() - 80 * DAY_MS;
  const rows = Array.from({ length: SEEDED }, (_, i) => ({
    agentId: agentOf(i),
    decision: {
      ...(decisionOf(i) as object),
      timestamp: new Date(start + (i * 79 * DAY_MS) / SEEDED).toISOString(),
      clientToken: `seed-${i}`,
      outcome: {
        status: i % 3 === 0 || i % 7 === 0 ? 'failure' : 'success',
        metrics: { pnl: (i % 40) - 15 },
      },
    },
  }));
  for (let from = 0; from < rows.length; from += BATCH_ROWS) {
    const results = await target.add(rows.slice(from, from + BATCH_ROWS));
    const bad = results.find(({ status }) => status !== 'added');
    if (bad) throw new Error(`a past decision was not added: ${JSON.stringify(bad)}`);
  }
  client.destroy();
}

async function night(url: string, proxy: CapacityProxy): Promise<Units> {
  proxy.take();
  const { runId } = (await request(url, { method: 'POST', path: '/consolidations', body: {} })) as {
    runId: string;
  };
  for (;;) {
    const run = (await request(url, { method: 'GET', path: `/consolidations/${runId}` })) as {
      status: string;
    };
    if (run.status === 'FAILED') throw new Error(`the night ${runId} failed`);
    if (run.status === 'SUCCEEDED') return proxy.take();
    await sleep(250);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { scale: { type: 'string', default: '100' } } });
  const scale = Number(values.scale);
  if (!Number.isInteger(scale) || scale < 1 || scale > 500)
    throw new Error('--scale must be a whole number from 1 to 500');
  const progress = new Progress();
  progress.show('starting the service');
  let proxy: CapacityProxy | undefined;
  const service = await startService({
    port: 0,
    quiet: true,
    database: async (endpoint) => (proxy = await CapacityProxy.start(endpoint)).url,
  });
  try {
    const meter = proxy!;
    const made: Made = { decisions: [], signals: [], sessions: [] };
    const measured: Measured[] = [];
    progress.show('what is known already …');
    await seed(service.endpoint);
    await night(service.url, meter);
    for (const kind of mix) {
      progress.show(`${kind.name} …`);
      measured.push(
        await replay(service.url, meter, kind, Math.max(1, Math.round(kind.count / scale)), made),
      );
    }
    progress.show('a night …');
    const consolidated = await night(service.url, meter);
    await request(service.url, { method: 'GET', path: `/agents/${AGENTS[0]}${reports.path}` });
    const reported = meter.take();
    progress.clear();
    printBill(scale, SEEDED + made.decisions.length, measured, consolidated, reported);
  } finally {
    await service.stop();
    proxy?.close();
  }
}

function printBill(
  scale: number,
  decisions: number,
  measured: readonly Measured[],
  consolidated: Units,
  reported: Units,
): void {
  const monthly = measured.map(({ kind, replayed, writes, reads }) => ({
    kind,
    writesEach: writes / replayed,
    readsEach: reads / replayed,
    writes: (writes / replayed) * kind.count,
    reads: (reads / replayed) * kind.count,
  }));
  const more = DECISIONS_KEPT / decisions;
  const extra = [
    {
      name: `${NIGHTS} nights`,
      writes: consolidated.writes * NIGHTS,
      reads: consolidated.reads * NIGHTS * more,
    },
    // The one agent asked has a third of the decisions, here as there.
    {
      name: `${reports.count} × ${reports.name}`,
      writes: 0,
      reads: reported.reads * reports.count * more,
    },
  ];
  const all = [...monthly, ...extra];
  const sum = (pick: (one: { writes: number; reads: number }) => number) =>
    all.reduce((total, one) => total + pick(one), 0);
  const requests = mix.reduce((total, { count }) => total + count, reports.count);
  const { alarms, dashboards, schedulesAMonth, mappedQueues } = deployedOf(stages.prod);
  const behind = 1_500 + 3_000 + ASSUMED.archiverInvocations + schedulesAMonth + NIGHTS * (AGENTS.length + 1);
  const requestGigabyteSeconds = mix.reduce(
    (total, { count, gigabytes }) =>
      total + count * gigabytes * (ASSUMED.requestSeconds + ASSUMED.coldShare * ASSUMED.coldSeconds),
    0,
  );
  const usage: Usage = {
    writeUnits: sum(({ writes }) => writes),
    readUnits: sum(({ reads }) => reads),
    storedGigabytes: ASSUMED.storedGigabytes,
    requests,
    invocations: requests + behind,
    gigabyteSeconds:
      requestGigabyteSeconds +
      behind * ASSUMED.requestSeconds * 0.5 +
      NIGHTS * (AGENTS.length + 1) * ASSUMED.workerSeconds * (WORKER_MEGABYTES / 1024),
    mappedQueues,
    busEvents: 1_500,
    scheduled: schedulesAMonth,
    logGigabytes: ((requests + behind) * ASSUMED.logBytes) / 1e9,
    // Lambda traces the first request of every second: at this pace, all.
    traces: stages.prod.tracing ? requests + behind : 0,
    metrics: Object.keys(metricNames).length,
    alarms,
    dashboards,
    archivedObjects: ASSUMED.archivedObjects,
    archivedGigabytes: ASSUMED.archivedGigabytes,
  };

  const writes = mix.filter(({ kind }) => kind === 'write').reduce((total, { count }) => total + count, 0);
  const reads = mix.filter(({ kind }) => kind === 'read').reduce((total, { count }) => total + count, 0);
  print(
    `A month of ${AGENTS.length} agents: ${writes.toLocaleString('en-US')} writes, ${reads.toLocaleString('en-US')} reads; ` +
      `1 in ${scale} replayed, capacity metered\n`,
  );
  print(
    table([
      ['request', 'a month', 'write units each', 'read units each'],
      ...monthly.map(({ kind, writesEach, readsEach }) => [
        kind.name,
        kind.count.toLocaleString('en-US'),
        writesEach.toFixed(2),
        readsEach.toFixed(2),
      ]),
    ]),
  );
  print(
    `\n${table([
      ['besides', 'write units', 'read units'],
      ...extra.map(({ name, writes: w, reads: r }) => [
        name,
        Math.round(w).toLocaleString('en-US'),
        Math.round(r).toLocaleString('en-US'),
      ]),
    ])}`,
  );
  const lines = billOf(usage);
  const total = (pick: (line: (typeof lines)[number]) => number) =>
    lines.reduce((amount, line) => amount + pick(line), 0);
  const dashboardList = 3;
  print(
    `\n${table([
      ['service', 'what', '$', '$ beyond free'],
      ...lines.map(({ service, what, dollars: amount, beyondFree }) => [
        service,
        what,
        dollars(amount),
        dollars(beyondFree),
      ]),
      ['sum', '', dollars(total((line) => line.dollars)), dollars(total((line) => line.beyondFree))],
      [
        'with one dashboard at $3',
        'where the three free ones are taken',
        dollars(total((line) => line.dollars) + dashboardList),
        dollars(total((line) => line.beyondFree) + dashboardList),
      ],
    ])}`,
  );
  print(
    '\nus-east-1, on demand. $: list prices, without free allowances but for CloudWatch’s and X-Ray’s, which are named.\n' +
      '$ beyond free: also without what every account has free for good (Lambda, SQS, 25 GB of tables, 5 GB of logs).\n' +
      `Assumed, not measured: ${ASSUMED.requestSeconds * 1000} ms a request, ${ASSUMED.coldShare * 100} % of them with a start of ` +
      `${ASSUMED.coldSeconds} s; ${ASSUMED.workerSeconds} s an agent and night; ${ASSUMED.storedGigabytes} GB of tables; ` +
      `${ASSUMED.logBytes} bytes of log a request; ${ASSUMED.archivedObjects.toLocaleString('en-US')} archived objects.\n` +
      `Nights and reports read every decision kept: measured on ${decisions}, multiplied to ${DECISIONS_KEPT.toLocaleString('en-US')}.`,
  );
  print('\nElsewhere, the same month');
  for (const { name, dollars: amount, how } of peersOf(writes, reads))
    print(`  ${name}: $${dollars(amount)} — ${how}`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(1);
  },
);
