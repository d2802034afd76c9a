import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type * as Esbuild from 'esbuild';
import type { FunctionSpec } from '../../lambdas/shared/schema/room.ts';

type Functions = Readonly<Record<string, FunctionSpec>>;

const root = fileURLToPath(new URL('../..', import.meta.url));

/** X-Ray's SDK is CommonJS and requires node's own modules, which an ES module can only do with a `require` made for it. */
const banner =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);";

/** By function, then by file name. */
type Bundles = ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;

/** Made once a process, whatever the number of stages. */
const bundles = new Map<Functions, Bundles>();

/**
 * Bundles every function in one run of esbuild: one process and one parse of the SDK for all, where a run per function
 * takes several times as long.
 */
function bundleAll(functions: Functions): Bundles {
  // Required late: synthesizing without bundling, as tests do, needs no esbuild.
  const { buildSync } = createRequire(import.meta.url)('esbuild') as typeof Esbuild;
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: Object.entries(functions).flatMap(([name, { entry, modules = {} }]) => [
      { in: entry, out: join(name, 'index') },
      ...Object.entries(modules).map(([file, module]) => ({ in: module, out: join(name, file) })),
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
    external: [
      ...['sso', 'ini', 'process', 'web-identity', 'http'].map(
        (kind) => `@aws-sdk/credential-provider-${kind}`,
      ),
      '@smithy/credential-provider-imds',
    ],
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
export const bundleOf = (name: string, functions: Functions): Code =>
  Code.fromAsset(root, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never pulled: the local bundling below always succeeds or throws.
      image: DockerImage.fromRegistry('unused'),
      // Part of the key under which the CDK remembers assets; without it all functions would share the first one's.
      command: [name],
      local: {
        tryBundle: (directory) => {
          const made = bundles.get(functions) ?? bundleAll(functions);
          bundles.set(functions, made);
          mkdirSync(directory, { recursive: true });
          for (const [file, contents] of made.get(name)!) writeFileSync(join(directory, file), contents);
          for (const file of functions[name]?.data ?? [])
            copyFileSync(join(root, file), join(directory, basename(file)));
          return true;
        },
      },
    },
  });
