/**
 * The miner alone. Seconds, processor seconds and peak memory for up to a million decisions with 20 features, every size
 * in a process of its own, how far from linear the time grows, and the time a plain Apriori takes to count the same
 * conjunctions.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { table } from '../shared/figures.ts';
import { type AprioriFigures, APRIORI_SECONDS, type MinerFigures } from './miner-figures.ts';

/** The first is for Apriori, which needs to finish somewhere; how far from linear is told from the second on. */
const SIZES = [10_000, 100_000, 300_000, 1_000_000];
const QUICK_SIZES = [100, 200];

/** One measurement in a process of its own. */
const measureApart = <T>(...words: readonly string[]): T =>
  JSON.parse(
    execFileSync(
      process.execPath,
      ['--import', 'tsx', join(import.meta.dirname, 'miner-size.ts'), ...words],
      { encoding: 'utf8' },
    ),
  ) as T;

function print(all: readonly { ours: MinerFigures; theirs: AprioriFigures }[]): void {
  const base = all[1]!.ours;
  const cpuOf = ({ adding, mining }: MinerFigures) => adding.cpuSeconds + mining.cpuSeconds;
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

export async function run({ quick }: { readonly quick: boolean }): Promise<void> {
  print(
    (quick ? QUICK_SIZES : SIZES).map((decisions) => ({
      ours: measureApart<MinerFigures>('mine', String(decisions)),
      theirs: measureApart<AprioriFigures>('apriori', String(decisions)),
    })),
  );
}
