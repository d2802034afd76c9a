import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CaseTable } from '../../../lambdas/mining/cases/case-table.ts';
import { CaseColumns } from '../../../lambdas/mining/cases/case-columns.ts';
import { buildFeatures, type Feature } from '../../../lambdas/mining/cases/feature-table.ts';
import { countConjunctions } from '../../../lambdas/mining/search/conjunction-counter.ts';
import {
  NOT_COUNTED,
  prepareCounts,
  tripleIndex,
} from '../../../lambdas/mining/search/conjunction-counts.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import type { ResolvedCase } from '../../../lambdas/mining/types.ts';
import { featuresOf, seeded, START } from './case-generator.ts';

/** Fields with values, with gaps, with sets, with numbers, and one with a rare value. */
function mixedLog(decisions: number, seed: number): ResolvedCase[] {
  const random = seeded(seed);
  const pick = (letters: string) => letters[Math.floor(random() * letters.length)]!;
  return Array.from({ length: decisions }, (_, i) => ({
    decisionId: `D-${String(i).padStart(5, '0')}`,
    time: START + i * 60_000,
    success: random() < 0.6,
    features: featuresOf({
      whole: pick('abcd'),
      flag: random() < 0.5,
      gaps: random() < 0.7 ? pick('xyz') : undefined,
      set: [...new Set([pick('klm'), pick('klm')])],
      level: random(),
      skewed: random() < 0.01 ? 'rare' : pick('pq'),
    }),
  }));
}

function tableOf(log: readonly ResolvedCase[]) {
  const cases = new CaseColumns();
  for (const resolved of log) cases.add(resolved);
  const table = new CaseTable(cases);
  return { table, found: buildFeatures(table, defaultMiningSettings) };
}

function prepared(log: readonly ResolvedCase[], minOccurrences: number) {
  const { table, found } = tableOf(log);
  const among = found.features.map((_, i) => i);
  return { table, found, counts: prepareCounts(found, table, minOccurrences, among) };
}

describe('counting', () => {
  it('counts what going through the rows counts, and leaves out what is too rare or cannot be', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.integer(),
        fc.integer({ min: 1, max: 9 }),
        (size, seed, least) => {
          const { table, found, counts } = prepared(mixedLog(size, seed), least);
          countConjunctions(counts);
          const { features } = found;
          const rowsOf = (...chosen: readonly Feature[]) => {
            const rows = table.all.map((word, i) =>
              chosen.reduce((left, { bitmap }) => left & bitmap[i]!, word),
            );
            return table.counts(rows);
          };
          for (let i = 0; i < features.length; i++)
            for (let j = i + 1; j < features.length; j++) {
              const pair = rowsOf(features[i]!, features[j]!);
              const at = i * features.length + j;
              if (counts.pairN[at] === NOT_COUNTED) expect(pair.n).toBe(0);
              else expect({ n: counts.pairN[at], successes: counts.pairSuccesses[at] }).toEqual(pair);
              for (let k = j + 1; k < features.length; k++) {
                const triple = rowsOf(features[i]!, features[j]!, features[k]!);
                const place = tripleIndex(features.length, i, j, k);
                if (counts.tripleN[place] === NOT_COUNTED) expect(triple.n).toBeLessThan(least);
                else
                  expect({ n: counts.tripleN[place], successes: counts.tripleSuccesses[place] }).toEqual(
                    triple,
                  );
              }
            }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('gives every triple a place of its own', () => {
    const places = new Set<number>();
    for (let a = 0; a < 9; a++)
      for (let b = a + 1; b < 9; b++) for (let c = b + 1; c < 9; c++) places.add(tripleIndex(9, a, b, c));
    expect([...places].sort((a, b) => a - b)).toEqual(Array.from({ length: 84 }, (_, i) => i));
  });
});
