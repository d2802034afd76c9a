import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
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
  health: 'lambdas/health/health.lambda.ts',
  agents: 'lambdas/agents/agents.lambda.ts',
  decisions: 'lambdas/decisions/decisions.lambda.ts',
  signals: 'lambdas/signals/signals.lambda.ts',
  sessions: 'lambdas/sessions/sessions.lambda.ts',
  context: 'lambdas/context/context.lambda.ts',
  summaries: 'lambdas/sessions/summaries.lambda.ts',
  sweeper: 'lambdas/sessions/sweeper.lambda.ts',
  patterns: 'lambdas/patterns/patterns.lambda.ts',
  memories: 'lambdas/memories/memories.lambda.ts',
  analytics: 'lambdas/analytics/analytics.lambda.ts',
  performance: 'lambdas/results/results.lambda.ts',
  consolidation: 'lambdas/consolidation/consolidation.lambda.ts',
  archive: 'lambdas/archive/archive.lambda.ts',
  archiver: 'lambdas/archive/archiver.lambda.ts',
  erasures: 'lambdas/erasures/erasures.lambda.ts',
  eraser: 'lambdas/erasures/erasure-worker.lambda.ts',
  relay: 'lambdas/relay/relay.lambda.ts',
  planner: 'lambdas/consolidation/planner.lambda.ts',
  worker: 'lambdas/consolidation/worker.lambda.ts',
};

/** The S3 client is a quarter of a function's code, and needed by few of its invocations. */
const archiveStore = { 's3-object-store': 'lambdas/archive/s3-object-store.ts' };

/** Bedrock's client, likewise: most stages summarize without a model. */
const summaryModel = { 'bedrock-model': 'lambdas/sessions/bedrock-model.ts' };

/** Files beside a function's `index.mjs`, which it imports late. */
const lateImports: Readonly<Partial<Record<FunctionName, Readonly<Record<string, string>>>>> = {
  archive: archiveStore,
  sessions: summaryModel,
  summaries: summaryModel,
  sweeper: summaryModel,
  archiver: archiveStore,
  eraser: archiveStore,
  memories: { ...archiveStore, 'bedrock-embedder': 'lambdas/memories/search/bedrock-embedder.ts' },
  worker: archiveStore,
};

/** Data beside a function's `index.mjs`, which it reads when it starts. */
const data: Readonly<Partial<Record<FunctionName, readonly string[]>>> = {
  context: ['lambdas/context/vocabulary.br'],
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
      ...Object.entries(lateImports[name as FunctionName] ?? {}).map(([file, imported]) => ({
        in: imported,
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
          for (const file of data[name] ?? [])
            copyFileSync(join(root, file), join(directory, basename(file)));
          return true;
        },
      },
    },
  });
