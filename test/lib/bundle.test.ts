import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { countOnThreads } from '../../lambdas/consolidation/counting-threads.ts';
import { createMiner } from '../../lambdas/mining/mine.ts';
import { bundleOf } from '../../lib/constructs/bundle.ts';
import { type FunctionName, functionsOf, rooms } from '../../lambdas/rooms.ts';
import { hash, simulateLog } from '../lambdas/mining/case-generator.ts';

const outdir = mkdtempSync(join(tmpdir(), 'bundles-'));
afterAll(() => rmSync(outdir, { recursive: true }));

const functions = functionsOf(rooms);

/** The assets of these functions: their directories, and the files in each. */
function assetsOf(names: readonly FunctionName[]): { directory: string; files: string[] }[] {
  const app = new App({ outdir, analyticsReporting: false });
  const stack = new Stack(app, 'bundles');
  for (const name of names)
    new Function(stack, name, {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: bundleOf(name, functions),
    });
  app.synth();
  return readdirSync(outdir)
    .filter((entry) => /^asset\.[0-9a-f]+$/.test(entry))
    .map((entry) => ({ directory: join(outdir, entry), files: readdirSync(join(outdir, entry)).sort() }));
}

describe('the code of a function', () => {
  it('is one file, and for the worker also the thread that helps it to count, which works', () => {
    const assets = assetsOf(['health', 'worker']);
    const [worker, health] = assets.sort((a, b) => b.files.length - a.files.length);
    expect(assets).toHaveLength(2);
    expect(health!.files).toEqual(['index.mjs']);
    expect(worker!.files).toEqual(['counting-thread.mjs', 'index.mjs', 's3-object-store.mjs']);

    const failures: Error[] = [];
    const count = countOnThreads({
      file: pathToFileURL(join(worker!.directory, 'counting-thread.mjs')),
      threads: 2,
      worth: 0,
      onFailure: (error) => failures.push(error),
    });
    const log = simulateLog({ decisions: 2000, seed: 1, planted: 1, effect: 0.3 });
    const [threaded, alone] = [count, undefined].map((counting) => {
      const miner = createMiner({ agentId: 'a', decisionType: 'D', hash, count: counting });
      for (const resolved of log) miner.add(resolved);
      return miner.mine();
    });
    expect(threaded).toEqual(alone);
    return new Promise<void>((resolve) =>
      setTimeout(() => {
        expect(failures).toEqual([]);
        resolve();
      }, 500),
    );
  });
});
