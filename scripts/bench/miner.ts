/**
 * The miner alone: `npx tsx scripts/bench/miner.ts`. Seconds and peak memory for 10 k, 50 k and 100 k decisions with
 * 12 features of 4 values each, every size in a process of its own, and how far from linear the time grows.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createMiner } from '../../lambdas/consolidation/mining/mine.ts';
import type { FeatureValue } from '../../lambdas/consolidation/mining/types.ts';

const SIZES = [10_000, 50_000, 100_000];
const FIELDS = 12;
const VALUES = ['a', 'b', 'c', 'd'];
const WINDOW_MS = 90 * 24 * 60 * 60 * 1000;

interface Figures {
  readonly decisions: number;
  readonly addSeconds: number;
  readonly mineSeconds: number;
  /** Processor time of the same, all threads: what it would take on an idle machine. */
  readonly mineCpuSeconds: number;
  readonly peakMegabytes: number;
  readonly tested: number;
  readonly promoted: number;
}

/** A seeded generator (mulberry32), so that every run mines the same decisions. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function measure(decisions: number): Figures {
  const random = seeded(1);
  const miner = createMiner({
    agentId: 'bench',
    decisionType: 'TRADE_EXECUTION',
    hash: (text) => createHash('sha256').update(text).digest('hex'),
  });
  let addMilliseconds = 0;
  for (let i = 0; i < decisions; i++) {
    const features = new Map<string, FeatureValue>();
    for (let field = 0; field < FIELDS; field++)
      features.set(`field${field}`, { kind: 'value', value: VALUES[Math.floor(random() * VALUES.length)]! });
    const planted = ['field0', 'field1'].every((path) => {
      const feature = features.get(path);
      return feature?.kind === 'value' && feature.value === 'a';
    });
    const success = random() < (planted ? 0.75 : 0.5);
    const started = performance.now();
    const time = Math.floor((i / decisions) * WINDOW_MS);
    miner.add({ decisionId: `TRADE_EXECUTION-${i}`, time, success, features, metrics: { pnl: random() } });
    addMilliseconds += performance.now() - started;
  }
  const cpu = process.cpuUsage();
  const started = performance.now();
  const { tested, findings } = miner.mine();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    decisions,
    addSeconds: addMilliseconds / 1000,
    mineSeconds: seconds,
    mineCpuSeconds: (user + system) / 1e6,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
    tested,
    promoted: findings.filter(({ verdict }) => verdict === 'promote').length,
  };
}

function main(): void {
  const [size] = process.argv.slice(2);
  if (size !== undefined) {
    process.stdout.write(JSON.stringify(measure(Number(size))));
    return;
  }
  const script = fileURLToPath(import.meta.url);
  const all = SIZES.map(
    (decisions) =>
      JSON.parse(
        execFileSync(process.execPath, [...process.execArgv, script, String(decisions)], {
          encoding: 'utf8',
        }),
      ) as Figures,
  );
  const [least] = all;
  process.stdout.write('decisions  add s  mine s  mine CPU s  peak MB  tested  promoted  CPU / linear\n');
  for (const figures of all) {
    const linear = (least!.mineCpuSeconds * figures.decisions) / least!.decisions;
    const cells = [
      String(figures.decisions).padStart(9),
      figures.addSeconds.toFixed(2).padStart(6),
      figures.mineSeconds.toFixed(2).padStart(7),
      figures.mineCpuSeconds.toFixed(2).padStart(11),
      figures.peakMegabytes.toFixed(0).padStart(8),
      String(figures.tested).padStart(7),
      String(figures.promoted).padStart(9),
      (figures.mineCpuSeconds / linear).toFixed(2).padStart(13),
    ];
    process.stdout.write(`${cells.join(' ')}\n`);
  }
}

main();
