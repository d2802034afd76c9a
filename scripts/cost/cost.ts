import { stages } from '../../lib/config.ts';
import { prices } from '../../lib/prices.ts';
import { table } from '../shared/figures.ts';
import { withService } from '../shared/own-service.ts';
import { Progress } from '../shared/progress.ts';
import { billOf, peersOf } from './bill.ts';
import { AGENTS, COLD_SHARE, DECISIONS_KEPT, type Made } from './kind.ts';
import { CapacityProxy } from './meter.ts';
import { mix, reports } from './mix.ts';
import { ASSUMED, monthOf, type Replayed } from './month.ts';
import { type Measured, night, replay, type ReplaySizes, request, seed, seededOfAWeek } from './replay.ts';
import { deployedOf } from './template.ts';

const print = (text: string) => process.stdout.write(`${text}\n`);
const dollars = (value: number) => value.toFixed(2);
const count = (value: number) => Math.round(value).toLocaleString('en-US');

async function replayMonth(sizes: ReplaySizes): Promise<Replayed> {
  const { scale, seeded } = sizes;
  const progress = new Progress();
  progress.show('starting the service');
  let proxy: CapacityProxy | undefined;
  const work = async (service: { readonly url: string; readonly endpoint: string }): Promise<Replayed> => {
    const meter = proxy!;
    const made: Made = { decisions: [], signals: [], sessions: [] };
    const measured: Measured[] = [];
    progress.show('what is known already …');
    const now = Date.now();
    await seed(service.endpoint, now, seeded, 'before yesterday');
    await night(service.url, meter);
    await seed(service.endpoint, now, seeded, 'since');
    for (const kind of mix) {
      progress.show(`${kind.name} …`);
      measured.push(await replay(service.url, meter, kind, sizes, made));
    }
    progress.show('a night …');
    const consolidated = await night(service.url, meter);
    await request(service.url, { method: 'GET', path: `/agents/${AGENTS[0]}${reports.path}` });
    return {
      scale,
      decisions: seeded + made.decisions.length,
      ofAWeek: seededOfAWeek(seeded) + made.decisions.length,
      measured,
      night: consolidated,
      report: meter.take(),
    };
  };
  try {
    const database = async (endpoint: string) => (proxy = await CapacityProxy.start(endpoint)).url;
    return await withService(work, { database });
  } finally {
    progress.clear();
    proxy?.close();
  }
}

function printBill(replayed: Replayed): void {
  const { scale, decisions } = replayed;
  const { kinds, extras, usage } = monthOf(replayed, {
    ...deployedOf(stages.prod),
    tracing: stages.prod.tracing,
  });
  const requestsOf = (what: 'write' | 'read') =>
    mix.filter(({ kind }) => kind === what).reduce((total, kind) => total + kind.count, 0);
  print(
    `A month of ${AGENTS.length} agents: ${count(requestsOf('write'))} writes, ${count(requestsOf('read'))} reads; ` +
      `1 in ${scale} replayed, capacity metered\n`,
  );
  print(
    table([
      ['request', 'a month', 'write units each', 'read units each'],
      ...kinds.map(({ name, count: requests, writesEach, readsEach }) => [
        name,
        count(requests),
        writesEach.toFixed(2),
        readsEach.toFixed(2),
      ]),
    ]),
  );
  print(
    `\n${table([
      ['besides', 'write units', 'read units'],
      ...extras.map(({ name, writes, reads }) => [name, count(writes), count(reads)]),
    ])}`,
  );
  const lines = billOf(usage);
  const sum = lines.reduce((total, line) => total + line.dollars, 0);
  const sumBeyondFree = lines.reduce((total, line) => total + line.beyondFree, 0);
  const dashboard = prices.cloudWatch.dashboardMonth;
  print(
    `\n${table([
      ['service', 'what', '$', '$ beyond free'],
      ...lines.map(({ service, what, dollars: list, beyondFree }) => [
        service,
        what,
        dollars(list),
        dollars(beyondFree),
      ]),
      ['sum', '', dollars(sum), dollars(sumBeyondFree)],
      [
        `with one dashboard at $${dashboard}`,
        'where the three free ones are taken',
        dollars(sum + dashboard),
        dollars(sumBeyondFree + dashboard),
      ],
    ])}`,
  );
  print(
    '\nus-east-1, on demand. $: list prices, without free allowances but for CloudWatch’s and X-Ray’s, which are named.\n' +
      '$ beyond free: also without what every account has free for good (Lambda, SQS, 25 GB of tables, 5 GB of logs).\n' +
      `Assumed, not measured: ${ASSUMED.requestSeconds * 1000} ms a request, ${COLD_SHARE * 100} % of them with a start of ` +
      `${ASSUMED.coldSeconds} s; ${ASSUMED.workerSeconds} s an agent and night; ${ASSUMED.storedGigabytes} GB of tables; ` +
      `${ASSUMED.logBytes} bytes of log a request; ${count(ASSUMED.archivedObjects)} archived objects; ${ASSUMED.memoryKilobytes} KB of memories an agent; requests evenly spaced.\n` +
      `Nights, reports and what is read again grow with what is kept: measured on ${count(decisions)} decisions, multiplied to ${count(DECISIONS_KEPT)}.`,
  );
  print('\nElsewhere, the same month');
  for (const { name, dollars: amount, how } of peersOf(requestsOf('write'), requestsOf('read')))
    print(`  ${name}: $${dollars(amount)} — ${how}`);
}

/** One request of each kind, on next to no past: shows that it runs. */
const QUICK: ReplaySizes = { scale: 100_000, seeded: 60, settleMs: 100 };

export interface CostOptions {
  readonly scale: number;
  readonly quick: boolean;
}

/** Replays a month's mix and prints its bill. */
export async function run({ scale, quick }: CostOptions): Promise<void> {
  printBill(await replayMonth(quick ? QUICK : { scale, seeded: 3_000, settleMs: 4_000 }));
}
