/** What is promoted in logs whose decisions share evidence. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { wilsonInterval } from '../../../lambdas/mining/statistics/wilson.ts';
import {
  type DependentCell,
  dependentCells,
  publishedCells,
} from '../../../test/support/patterns/dependent-logs.ts';
import { service } from '../../../test/support/patterns/methods.ts';
import { table } from '../../shared/figures.ts';
import { logFiles, readLog } from '../../shared/published-logs.ts';

/** @param data folder of `btc-usd-hourly.csv` and `tau-airline-decisions.jsonl` */
function publishedIn(data: string): readonly DependentCell[] {
  const closes = readFileSync(join(data, 'btc-usd-hourly.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => Number(line.split(',')[4]));
  return publishedCells(closes, readLog(join(data, logFiles.calls)));
}

export function printDependent(logs: number, isQuick: boolean, data: string | undefined): void {
  const cells = [...dependentCells, ...(data === undefined ? [] : publishedIn(data))];
  const rows = (isQuick ? cells.slice(0, 1) : cells).map(({ name, logOf, planted }) => {
    let [found, withFalse, wrong] = [0, 0, 0];
    for (let seed = 1; seed <= logs; seed++) {
      const claims = service.promoted(logOf(seed));
      const isRule = planted
        ? claims.filter(({ conditions }) => conditions.every(({ path }) => path === 'c0'))
        : [];
      found += Number(
        isRule.some(
          ({ asserts, conditions: [condition] }) =>
            asserts === 'success' && condition!.op === 'eq' && condition!.value === 'a',
        ),
      );
      wrong += claims.length - isRule.length;
      withFalse += Number(claims.length > isRule.length);
    }
    const [, upper] = wilsonInterval(withFalse, logs);
    return [
      name,
      planted ? (found / logs).toFixed(2) : '',
      `${withFalse}${withFalse / logs > 0.05 || upper > 0.09 ? ' !' : ''}`,
      upper.toFixed(3),
      String(wrong),
    ];
  });
  process.stdout.write(`\nDecisions that share evidence (${logs} logs a kind)\n`);
  process.stdout.write(
    `${table([['log', 'rule found', 'logs with a false one', 'at most, 95 %', 'false patterns'], ...rows])}\n`,
  );
  if (data === undefined) process.stdout.write('without --data: no published prices and calls\n');
}
