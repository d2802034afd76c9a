/**
 * One measurement of the miner's bench: `mine SIZE` or `apriori SIZE`, printed as JSON. It is a process of
 * its own because its peak memory is part of it.
 */
import { createHash } from 'node:crypto';
import { quartileRanges } from '../../lambdas/mining/cases/feature-table.ts';
import { createMiner } from '../../lambdas/mining/mine.ts';
import { defaultMiningSettings } from '../../lambdas/mining/settings.ts';
import { apriori, type Transactions } from './apriori.ts';
import { caseAt, type Columns, plantedColumns } from './decisions.ts';
import { type AprioriFigures, APRIORI_SECONDS, type Measured, type MinerFigures } from './miner-figures.ts';

const VALUES = 4;

function measured<T>(run: () => T): Measured & { readonly value: T } {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const value = run();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { seconds, cpuSeconds: (user + system) / 1e6, value };
}

function mine(columns: Columns): MinerFigures {
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

const [what, size] = process.argv.slice(2);
const columns = plantedColumns(Number(size), 1);
const figures = what === 'mine' ? mine(columns) : runApriori(columns);
process.stdout.write(JSON.stringify(figures));
