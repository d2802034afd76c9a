import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type * as Esbuild from 'esbuild';
import type { FunctionName } from '../permissions.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where each function begins, from the repository's root. */
const entries: Readonly<Record<FunctionName, string>> = {
  health: 'lambdas/health/handler.ts',
  agents: 'lambdas/agents/handler.ts',
  decisions: 'lambdas/decisions/handler.ts',
  signals: 'lambdas/signals/handler.ts',
  sessions: 'lambdas/sessions/handler.ts',
  patterns: 'lambdas/patterns/handler.ts',
  memories: 'lambdas/memories/handler.ts',
  analytics: 'lambdas/analytics/handler.ts',
  consolidation: 'lambdas/consolidation/handler.ts',
  archive: 'lambdas/archive/handler.ts',
  archiver: 'lambdas/archive/archiver.ts',
  erasures: 'lambdas/erasures/handler.ts',
  eraser: 'lambdas/erasures/eraser.ts',
  relay: 'lambdas/relay/handler.ts',
  planner: 'lambdas/consolidation/planner.ts',
  worker: 'lambdas/consolidation/worker.ts',
};

/** The S3 client is a quarter of a function's code, and needed by few of its invocations. */
const archiveStore = { 's3-object-store': 'lambdas/archive/s3-object-store.ts' };

/** Files beside a function's `index.mjs`: the entry of a thread it starts, or what it imports late. */
const threads: Readonly<Partial<Record<FunctionName, Readonly<Record<string, string>>>>> = {
  archive: archiveStore,
  archiver: archiveStore,
  eraser: archiveStore,
  memories: archiveStore,
  worker: { ...archiveStore, 'counting-thread': 'lambdas/consolidation/counting-thread.ts' },
};

/** X-Ray's SDK is CommonJS and requires node's own modules, which an ES module can only do with a `require` made for it. */
const banner =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

/** By function, then by file name. */
type Bundles = ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;

let bundles: Bundles | undefined;

/**
 * Bundles every function in one run of esbuild: one process and one parse of the SDK for all, where a run per function
 * takes several times as long. In memory, once per process, whatever the number of stages.
 */
function bundleAll(): Bundles {
  // Required late: synthesizing without bundling, as tests do, needs no esbuild.
  const { buildSync } = createRequire(import.meta.url)('esbuild') as typeof Esbuild;
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: Object.entries(entries).flatMap(([name, entry]) => [
      { in: entry, out: join(name, 'index') },
      ...Object.entries(threads[name as FunctionName] ?? {}).map(([file, thread]) => ({
        in: thread,
        out: join(name, file),
      })),
    ]),
    outdir: 'bundles',
    outExtension: { '.js': '.mjs' },
    write: false,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    // Reached by a late import when the environment holds no credentials, which a function's always does.
    external: ['sso', 'ini', 'process', 'web-identity'].map((kind) => `@aws-sdk/credential-provider-${kind}`),
    banner: { js: banner },
    legalComments: 'none',
    logLevel: 'warning',
  });
  const found = new Map<string, Map<string, Uint8Array>>();
  for (const { path, contents } of outputFiles) {
    const name = basename(dirname(path));
    const files = found.get(name) ?? new Map<string, Uint8Array>();
    found.set(name, files.set(basename(path), contents));
  }
  return found;
}

/** The code of one function, named by its content: `index.mjs`, and the files beside it. */
export const bundleOf = (name: FunctionName): Code =>
  Code.fromAsset(root, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never pulled: the local bundling below always succeeds or throws.
      image: DockerImage.fromRegistry('unused'),
      // Part of the key under which the CDK remembers assets; without it all functions would share the first one's.
      command: [name],
      local: {
        tryBundle: (directory) => {
          bundles ??= bundleAll();
          mkdirSync(directory, { recursive: true });
          for (const [file, contents] of bundles.get(name)!) writeFileSync(join(directory, file), contents);
          return true;
        },
      },
    },
  });
