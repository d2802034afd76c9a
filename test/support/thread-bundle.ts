import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The thread that helps to count, as JavaScript: a thread of Node 20 loads no TypeScript, whatever loader its process
 * has.
 */
export function bundleCountingThread(directory: string): URL {
  const outfile = join(directory, 'counting-thread.mjs');
  buildSync({
    absWorkingDir: root,
    entryPoints: ['lambdas/consolidation/counting-thread.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'warning',
  });
  return pathToFileURL(outfile);
}
