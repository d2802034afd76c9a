import { describe, expect, it } from '@jest/globals';
import { CaseTable } from '../../../lambdas/mining/cases/case-table.ts';
import { CaseColumns } from '../../../lambdas/mining/cases/case-columns.ts';
import { correctByExtension } from '../../../lambdas/mining/judging/correction.ts';
import { extractFeatures } from '../../../lambdas/mining/cases/features.ts';
import { buildFeatures } from '../../../lambdas/mining/cases/feature-table.ts';
import { Judge } from '../../../lambdas/mining/judging/judge.ts';
import { NONE, OTHERS, Tested } from '../../../lambdas/mining/search/tested.ts';
import {
  defaultMiningSettings,
  MAX_COMPARED,
  MAX_PATH_LENGTH,
  MAX_PATHS,
  MAX_VALUES_HELD,
} from '../../../lambdas/mining/settings.ts';
import { featuresOf, minerOf, seeded, simulateLog, START } from './case-generator.ts';

describe('the limits of a run', () => {
  it('are not mentioned while nothing is left out', () => {
    expect(minerOf(simulateLog({ decisions: 400, seed: 1 })).mine()).not.toHaveProperty('limits');
  });

  it('name the values that were tested in pairs but not in triples', () => {
    const random = seeded(4);
    const cases = Array.from({ length: 1000 }, (_, index) => ({
      decisionId: `D-${index}`,
      time: START + index * 3_600_000,
      success: index % 2 === 0,
      features: featuresOf(
        Object.fromEntries(Array.from({ length: 13 }, (_, f) => [`f${f}`, `v${Math.floor(random() * 20)}`])),
      ),
    }));
    const { limits, tested, rejected } = minerOf(cases).mine();
    expect(limits).toEqual({ notInTriples: 13 * 20 - 256, notCompared: 0, notTaken: 0 });
    expect(Object.values(rejected).reduce((sum, count) => sum + count)).toBe(tested);
  });

  it('leave out the weakest of too many significant conjunctions, and count them', () => {
    const cases = new CaseColumns();
    for (const resolved of simulateLog({ decisions: 2000, seed: 1, planted: 1, effect: 0.4 }))
      cases.add(resolved);
    const table = new CaseTable(cases);
    const rows = table.bitmapOf({ path: 'f0', op: 'eq', value: 'a' });
    const tested = new Tested();
    const beyond = 30;
    for (let i = 0; i < MAX_COMPARED + beyond; i++) {
      tested.first.push(i);
      tested.second.push(NONE);
      tested.third.push(NONE);
      tested.n.push(500);
      // the first are the weakest
      tested.successes.push(i < beyond ? 430 : 460);
      tested.success.columns.forEach((column, kind) => column.push(kind === OTHERS ? 1e-9 : 0));
      tested.failure.columns.forEach((column, kind) => column.push(kind === OTHERS ? 1 : 0));
    }
    const judge = new Judge(
      table,
      defaultMiningSettings,
      tested,
      correctByExtension(tested, table.totals),
      () => rows,
    );
    expect(judge.notCompared).toBe(beyond);
    expect(judge.rejected.get('over_limit')).toBe(beyond);
    const significant = judge.entries.filter(({ reason }) => reason === 'significant');
    expect(significant).toHaveLength(MAX_COMPARED);
    expect(significant.every(({ successes }) => successes === 460)).toBe(true);
  });
});

describe('contexts with ids for keys', () => {
  it('are taken up to half a million paths, and the values beyond are counted', () => {
    const cases = new CaseColumns();
    const at = (index: number) => ({
      decisionId: `D-${index}`,
      time: START + index,
      success: true,
      features: featuresOf({ trend: 'up', [`orders.${index}`]: 1 }),
    });
    for (let index = 0; index < MAX_PATHS + 3; index++) cases.add(at(index));
    expect(cases.paths.size).toBe(MAX_PATHS);
    expect(cases.notTaken).toBe(4);
    expect(cases.paths.get('trend')!.values.rows.length).toBe(MAX_PATHS + 3);
  });

  it('are told apart up to a limit where they are values, and the first of them still count', () => {
    const cases = new CaseColumns();
    const rows = MAX_VALUES_HELD + 500;
    for (let index = 0; index < rows; index++)
      cases.add({
        decisionId: `D-${index}`,
        time: START + index,
        success: index % 3 === 0,
        features: featuresOf({ order: index % 1000 === 7 ? 'repeated' : `id-${index}` }),
      });
    expect(cases.paths.get('order')!.values.dictionary.size).toBe(MAX_VALUES_HELD);
    const { features, truncatedPaths } = buildFeatures(new CaseTable(cases), defaultMiningSettings);
    expect(truncatedPaths).toEqual(['order']);
    const repeated = Math.ceil((rows - 7) / 1000);
    expect(features.map(({ key, n }) => [key, n])).toEqual([['["order","eq","repeated"]', repeated]]);
    const present = new CaseTable(cases).bitmapOf({ path: 'order', op: 'present' });
    expect(new CaseTable(cases).counts(present).n).toBe(rows);
  });

  it('have no path longer than a request may name', () => {
    const paths = (key: string) =>
      [
        ...extractFeatures(
          {
            decisionId: 'D',
            timestamp: '2026-01-05T00:00:00.000Z',
            context: { [key]: 1 },
            signalTypes: new Set(),
          },
          defaultMiningSettings,
        ).keys(),
      ].filter((path) => !path.startsWith('time.'));
    expect(paths('k'.repeat(MAX_PATH_LENGTH))).toHaveLength(1);
    expect(paths('k'.repeat(MAX_PATH_LENGTH + 1))).toEqual([]);
  });
});
