/**
 * The miner alone: `npx tsx scripts/bench/miner.ts`. Seconds, processor seconds and peak memory for 100 k, 300 k and a
 * million decisions with 20 features, every size in a process of its own, how far from linear the time grows, and
 * what a plain Apriori takes to count the same conjunctions.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { quartileRanges } from '../../lambdas/mining/cases/feature-table.ts';
import { createMiner } from '../../lambdas/mining/mine.ts';
import { defaultMiningSettings } from '../../lambdas/mining/settings.ts';
import { apriori, type Transactions } from './apriori.ts';
import { caseAt, type Columns, plantedColumns } from './decisions.ts';
import { table } from './figures.ts';

/** The first is for Apriori, which needs to finish somewhere; how far from linear is told from the second on. */
const SIZES = [10_000, 100_000, 300_000, 1_000_000];
/** Processor seconds for one size; it is then printed as more than this. */
const APRIORI_SECONDS = 40;
const VALUES = 4;

interface Measured {
  readonly seconds: number;
  /** Processor time: what it would take one core of an idle machine. */
  readonly cpuSeconds: number;
}

interface Figures {
  readonly decisions: number;
  /** From arrays to what the miner keeps, then everything else. */
  readonly adding: Measured;
  readonly mining: Measured;
  readonly peakMegabytes: number;
  readonly tested: number;
  readonly promoted: number;
}

function measured<T>(run: () => T): Measured & { readonly value: T } {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const value = run();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { seconds, cpuSeconds: (user + system) / 1e6, value };
}

function mine(columns: Columns): Figures {
  const miner = createMiner({
    agentId: 'bench',
    decisionType: 'TRADE_EXECUTION',
    hash: (text) => createHash('sha256').update(text).digest('hex'),
  });
  const adding = measured(() => {
    for (let row = 0; row < columns.count; row++) miner.add(caseAt(columns, row));
  });
  const { value, ...mining } = measured(() => miner.mine());
  return {
    decisions: columns.count,
    adding: { seconds: adding.seconds, cpuSeconds: adding.cpuSeconds },
    mining,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
    tested: value.tested,
    promoted: value.findings.filter(({ verdict }) => verdict === 'promote').length,
  };
}

/** The same decisions as sets of items, numbers by their quartile. */
function transactionsOf({ count, codes, numbers, succeeded }: Columns): Transactions {
  const binned = numbers.map((values) => {
    const bins = quartileRanges('', values).map(({ max }) => max ?? Infinity);
    return Uint8Array.from(values, (value) => bins.findIndex((max) => value < max));
  });
  const columns = [...codes, ...binned];
  const items = Array.from({ length: count }, (_, row) =>
    columns.map((column, field) => field * VALUES + column[row]!),
  );
  return { items, succeeded };
}

interface AprioriFigures {
  readonly cpuSeconds: number;
  /** Itemsets it found; undefined when its time was up. */
  readonly found: number | undefined;
}

function runApriori(columns: Columns): AprioriFigures {
  const { minOccurrences, maxConditions } = defaultMiningSettings;
  const { frequent, cpuSeconds } = apriori(
    transactionsOf(columns),
    minOccurrences,
    maxConditions,
    APRIORI_SECONDS,
  );
  return { cpuSeconds, found: frequent?.length };
}

/** One measurement in a process of its own. */
const measureApart = <T>(...words: readonly string[]): T =>
  JSON.parse(
    execFileSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), ...words], {
      encoding: 'utf8',
    }),
  ) as T;

function print(all: readonly { ours: Figures; theirs: AprioriFigures }[]): void {
  const base = all[1]!.ours;
  const cpuOf = ({ adding, mining }: Figures) => adding.cpuSeconds + mining.cpuSeconds;
  const rows = all.map(({ ours, theirs }) => {
    const seconds = ours.adding.seconds + ours.mining.seconds;
    const linear = (cpuOf(base) * ours.decisions) / base.decisions;
    const more = theirs.found === undefined ? '> ' : '';
    return [
      String(ours.decisions),
      ours.adding.seconds.toFixed(2),
      ours.mining.seconds.toFixed(2),
      seconds.toFixed(2),
      cpuOf(ours).toFixed(2),
      ours.peakMegabytes.toFixed(0),
      (cpuOf(ours) / linear).toFixed(2),
      String(ours.tested),
      String(ours.promoted),
      more + theirs.cpuSeconds.toFixed(1),
      more + (theirs.cpuSeconds / cpuOf(ours)).toFixed(1),
    ];
  });
  const head = ['decisions', 'add s', 'mine s', 'both s', 'CPU s', 'peak MB', 'CPU / linear'];
  process.stdout.write(
    `20 features of 4 values, five of them numeric; ${availableParallelism()} cores, ` +
      `load ${loadavg()[0]!.toFixed(1)}. Apriori only counts, for at most ${APRIORI_SECONDS} CPU s.\n` +
      `${table([[...head, 'tested', 'promoted', 'Apriori CPU s', 'ratio'], ...rows])}\n`,
  );
}

function main([what, size]: readonly string[]): void {
  if (what !== undefined) {
    const columns = plantedColumns(Number(size), 1);
    const figures = what === 'mine' ? mine(columns) : runApriori(columns);
    process.stdout.write(JSON.stringify(figures));
    return;
  }
  print(
    SIZES.map((decisions) => ({
      ours: measureApart<Figures>('mine', String(decisions)),
      theirs: measureApart<AprioriFigures>('apriori', String(decisions)),
    })),
  );
}

main(process.argv.slice(2));
