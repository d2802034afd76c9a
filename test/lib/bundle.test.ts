import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { bundleOf } from '../../lib/constructs/bundle.ts';
import { type FunctionName, functionsOf, rooms } from '../../lambdas/rooms.ts';

const outdir = mkdtempSync(join(tmpdir(), 'bundles-'));
afterAll(() => rmSync(outdir, { recursive: true }));

const functions = functionsOf(rooms);

/** The assets of these functions: the files in each. */
function assetsOf(names: readonly FunctionName[]): string[][] {
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
    .map((entry) => readdirSync(join(outdir, entry)).sort());
}

describe('the code of a function', () => {
  it('is one file, and for the worker also what it imports late', () => {
    const assets = assetsOf(['health', 'worker']);
    const [worker, health] = assets.sort((a, b) => b.length - a.length);
    expect(assets).toHaveLength(2);
    expect(health).toEqual(['index.mjs']);
    expect(worker).toEqual(['index.mjs', 's3-object-store.mjs']);
  });
});
