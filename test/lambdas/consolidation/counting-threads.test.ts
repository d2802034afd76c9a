import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countOnThreads } from '../../../lambdas/consolidation/counting-threads.ts';
import { progressOf, shareCounting } from '../../../lambdas/consolidation/counting-work.ts';
import { CaseTable } from '../../../lambdas/mining/cases/case-table.ts';
import { CaseColumns } from '../../../lambdas/mining/cases/case-columns.ts';
import { ChunkCounter, countHere } from '../../../lambdas/mining/search/chunk-counter.ts';
import {
  type ConjunctionCounts,
  NOT_COUNTED,
  prepareCounts,
  tripleIndex,
} from '../../../lambdas/mining/search/conjunction-counts.ts';
import { buildFeatures, type Feature } from '../../../lambdas/mining/cases/feature-table.ts';
import { createMiner } from '../../../lambdas/mining/mine.ts';
import type { Count } from '../../../lambdas/mining/search/search.ts';
import { defaultMiningSettings } from '../../../lambdas/mining/settings.ts';
import type { ResolvedCase } from '../../../lambdas/mining/types.ts';
import { bundleCountingThread } from '../../../scripts/bench/thread-bundle.ts';
import { featuresOf, hash, seeded, simulateLog, START } from '../mining/case-generator.ts';

const directory = mkdtempSync(join(tmpdir(), 'counting-threads-'));
let file: URL;
beforeAll(() => {
  file = bundleCountingThread(directory);
});
afterAll(() => rmSync(directory, { recursive: true }));

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

const plain = ({ pairN, pairSuccesses, tripleN, tripleSuccesses }: ConjunctionCounts) => ({
  pairN: [...pairN],
  pairSuccesses: [...pairSuccesses],
  tripleN: [...tripleN],
  tripleSuccesses: [...tripleSuccesses],
});

describe('counting', () => {
  it('counts what going through the rows counts, and leaves out what is too rare or cannot be', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.integer(),
        fc.integer({ min: 1, max: 9 }),
        (size, seed, least) => {
          const { table, found, counts } = prepared(mixedLog(size, seed), least);
          countHere(counts);
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

describe('counting on threads', () => {
  const mineWith = (log: readonly ResolvedCase[], count?: Count) => {
    const miner = createMiner({ agentId: 'a', decisionType: 'D', hash, count });
    for (const resolved of log) miner.add(resolved);
    return miner.mine();
  };

  it.each([1, 2, 3])('finds exactly what one thread finds (seed %i)', (seed) => {
    const failures: Error[] = [];
    const threaded = countOnThreads({ file, threads: 3, worth: 0, onFailure: (e) => failures.push(e) });
    for (const log of [
      simulateLog({ decisions: 3000, seed, planted: 2, effect: 0.35 }),
      mixedLog(2000, seed),
    ])
      expect(mineWith(log, threaded)).toEqual(mineWith(log));
    expect(failures).toEqual([]);
  });

  it('really counts on them', async () => {
    const { counts } = prepared(mixedLog(500, 1), 5);
    const alone = prepared(mixedLog(500, 1), 5).counts;
    countHere(alone);
    const { Worker } = await import('node:worker_threads');
    const progress = progressOf(counts);
    await new Promise((resolve, reject) =>
      new Worker(file, { workerData: { counts, progress } }).once('exit', resolve).once('error', reject),
    );
    expect(plain(counts)).toEqual(plain(alone));
  });

  it('goes on without a thread that cannot start', async () => {
    const failed = new Promise<Error>((resolve) => {
      const missing = pathToFileURL(join(directory, 'missing.mjs'));
      const threaded = countOnThreads({ file: missing, threads: 2, worth: 0, onFailure: resolve });
      const log = mixedLog(300, 4);
      expect(mineWith(log, threaded)).toEqual(mineWith(log));
    });
    expect(String(await failed)).toMatch(/missing\.mjs/);
  });

  it('counts what a thread took and left', () => {
    const { counts } = prepared(mixedLog(300, 5), 5);
    const alone = prepared(mixedLog(300, 5), 5).counts;
    countHere(alone);
    const progress = progressOf(counts);
    // As one that died after its first chunk of pairs had begun.
    Atomics.add(progress, 0, 1);
    const began = performance.now();
    shareCounting(counts, progress, true);
    expect(plain(counts)).toEqual(plain(alone));
    expect(performance.now() - began).toBeGreaterThan(1_000);
  });

  it('starts none for a small log', () => {
    writeFileSync(join(directory, 'throws.mjs'), 'throw new Error("started");');
    let failed = false;
    const threaded = countOnThreads({
      file: pathToFileURL(join(directory, 'throws.mjs')),
      threads: 2,
      onFailure: () => (failed = true),
    });
    mineWith(simulateLog({ decisions: 2000, seed: 1 }), threaded);
    return new Promise<void>((resolve) =>
      setTimeout(() => {
        expect(failed).toBe(false);
        resolve();
      }, 300),
    );
  });

  it('writes the same numbers when a chunk is counted twice', () => {
    const { counts } = prepared(mixedLog(300, 6), 5);
    countHere(counts);
    const before = plain(counts);
    const counter = new ChunkCounter(counts);
    for (let chunk = 0; chunk < counts.chunkStarts.length - 1; chunk++) {
      counter.pairs(chunk);
      counter.triples(chunk);
    }
    expect(plain(counts)).toEqual(before);
  });
});
